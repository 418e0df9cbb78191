import { expect, test } from 'vitest'
import { turns } from '../../test/sim/clock.ts'
import { failure, flowPlan } from '../../test/sim/flow-parts.ts'
import { testContext } from '../../test/sim/test-context.ts'
import { ChannelRunner } from './channel-runner.ts'
import { diffFlow } from './flow-diff.ts'
import { prepareFlow } from './prepare.ts'
import { SourceRunner } from './source-runner.ts'

async function harness(routing?: string) {
  const { context, parts, clock, metrics } = testContext()
  const plan = flowPlan({ sources: [routing === undefined ? {} : { routing }] })
  const none = { sources: [], channels: [], groups: [] }
  const prepared = await prepareFlow(diffFlow(none, plan), context)
  const channel = new ChannelRunner(plan.channels[0]!, context)
  const runner = new SourceRunner(prepared.sources[0]!, {
    context,
    channels: () => [channel],
    earlierSafe: () => Promise.resolve(),
  })
  /** What runs after `runner` when the routing changed. */
  const successor = async (changedRouting: string, earlierSafe: Promise<void>) => {
    const changed = flowPlan({ sources: [{ routing: changedRouting }] })
    const { sources } = await prepareFlow(diffFlow(none, changed), context)
    return new SourceRunner(sources[0]!, {
      context,
      channels: () => [channel],
      earlierSafe: () => earlierSafe,
    })
  }
  return { runner, successor, channel, parts, clock, metrics }
}

test('a source starts when the channels are open, not before', async () => {
  const { runner, channel, parts } = await harness()
  runner.start()
  await turns(5)
  expect(parts.source('in').started).toBe(0)
  expect(runner.status()).toMatchObject({
    state: 'starting',
    problem: expect.stringContaining('channel c'),
  })
  channel.open()
  await turns(20)
  expect(runner.running).toBe(true)
  await runner.stop(0)
  expect(runner.status().state).toBe('stopped')
})

test('a source that is stopped while it waits for a channel never starts', async () => {
  const { runner, parts } = await harness()
  runner.start()
  await runner.stop(0)
  expect(parts.source('in').started).toBe(0)
  expect(parts.source('in').stopped).toBe(true)
})

test('after a failure the next instance goes on where the channels are', async () => {
  const { runner, channel, parts, clock, metrics } = await harness()
  channel.open()
  runner.start()
  await turns(20)
  parts.source('in').emitFrom('s', 0, 'a', 'b')
  parts.source('in').context!.dropped(3, 'too long')
  parts.source('in').context!.fail(failure('FLM3102'))
  await turns(5)
  expect(runner.status()).toMatchObject({
    state: 'failing',
    problem: expect.stringContaining('FLM3102'),
  })
  clock.advance(1000)
  await turns(20)
  expect(parts.source('in').context!.positions().get('s')).toMatchObject({ offset: 2 })
  expect(parts.sources.get('in')).toHaveLength(2)
  const text = await metrics.text()
  expect(text).toContain('flume_source_failures_total{flow="f",source="in",reason="FLM3102"} 1')
  expect(text).toContain('source="in",reason="too long"} 3')
  await runner.stop(0)
})

test('with a routing that is not deterministic each run is a new generation', async () => {
  const { runner, channel, parts, clock } = await harness('')
  channel.open()
  runner.start()
  await turns(20)
  await parts.source('in').emitFrom('s', 0, 'a').safe
  expect(parts.channel('c').positions().get('in/s')!.routing).toBe('1.')
  parts.source('in').context!.fail(failure('FLM3102'))
  await turns(5)
  clock.advance(1000)
  await turns(20)
  expect(parts.channel('c').positions().get('in/s')!.routing).toBe('2.')
  await runner.stop(0)
})

test('stopped while it waits to begin a generation, it never begins it', async () => {
  const { runner, successor, channel, parts } = await harness('A')
  channel.open()
  runner.start()
  await turns(20)
  await parts.source('in').emitFrom('s', 0, 'a').safe
  await runner.stop(0)
  const earlierSafe = Promise.withResolvers<void>()
  const next = await successor('B', earlierSafe.promise)
  next.start()
  await turns(20)
  expect(next.status().problem).toContain('waits until its last events are safe')
  await next.stop(0)
  earlierSafe.resolve()
  await turns(20)
  expect(parts.channel('c').positions().get('in/s')!.routing).toBe('1.A')
})

test('stopped while it begins a generation, it leaves no position on its way', async () => {
  const { runner, successor, channel, parts } = await harness('A')
  parts.channelOptions = { manual: true }
  channel.open()
  runner.start()
  await turns(20)
  const { safe } = parts.source('in').emitFrom('s', 0, 'a')
  await turns(20)
  parts.channel('c').commit()
  await safe
  await runner.stop(0)
  const next = await successor('B', Promise.resolve())
  next.start()
  await turns(20)
  expect(parts.channel('c').pending).toBe(1)
  let stopped = false
  const stopping = next.stop(0).then(() => (stopped = true))
  await turns(20)
  expect(stopped).toBe(false)
  parts.channel('c').commit()
  await stopping
  expect(parts.channel('c').positions().get('in/s')!.routing).toBe('2.B')
  expect(parts.source('in').started).toBe(0)
})
