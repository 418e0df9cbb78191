import { expect, test } from 'vitest'
import { turns } from '../../test/sim/clock.ts'
import { failure, streamBatch } from '../../test/sim/flow-parts.ts'
import { testContext } from '../../test/sim/test-context.ts'
import { APPEND_STALLED_MS, ChannelRunner } from './channel-runner.ts'

const plan = { name: 'c', type: 'model', config: { manual: true } }
const { signal } = new AbortController()

test('a channel is opened again and again with growing delays, and then closed', async () => {
  const { context, parts, clock, metrics } = testContext()
  const runner = new ChannelRunner(plan, context)
  expect(runner.status().state).toBe('starting')
  parts.beforeOpen = () => {
    throw failure('FLM2102')
  }
  runner.open()
  await turns(20)
  expect(runner.status()).toMatchObject({
    state: 'failing',
    problem: 'FLM2102 the test says FLM2102',
    stats: undefined,
  })
  expect(runner.backlogEvents).toBeUndefined()
  clock.advance(1000)
  await turns(20)
  expect(clock.nextMs).toBeGreaterThan(500)
  parts.beforeOpen = () => {}
  clock.advance(1000)
  await turns(20)
  expect(await runner.whenOpen()).toBe(parts.channel('c'))
  expect(runner.status()).toMatchObject({ state: 'running', problem: undefined })
  expect(await metrics.text()).toContain(
    'flume_channel_failures_total{flow="f",channel="c",reason="FLM2102"} 2',
  )
  await runner.close()
  expect(parts.channel('c').closed).toBe(true)
  expect(runner.status().state).toBe('stopped')
})

test('a channel that never opened is closed without waiting for it', async () => {
  const { context, parts } = testContext()
  parts.beforeOpen = () => {
    throw failure('FLM2102')
  }
  const runner = new ChannelRunner(plan, context)
  runner.open()
  await turns(20)
  const waiting = runner.whenOpen()
  await runner.close()
  expect(await waiting).toBeUndefined()
})

test('an append that makes no progress means that the writer does not live', async () => {
  const { context, parts, clock } = testContext()
  const runner = new ChannelRunner(plan, context)
  runner.open()
  const channel = (await runner.whenOpen())!
  const { append } = runner.forSources(channel)
  const append1 = async (): Promise<void> => {
    const reservation = await channel.reserve({ events: 1, bytes: 1 }, signal)
    append(streamBatch('s', 0, ['x']), reservation)
  }
  await append1()
  clock.advance(APPEND_STALLED_MS - 1)
  expect(runner.live).toBe(true)
  clock.advance(1)
  expect(runner.live).toBe(false)
  parts.channel('c').commit()
  await turns(2)
  expect(runner.live).toBe(true)
  clock.advance(2 * APPEND_STALLED_MS)
  await append1()
  expect(runner.live).toBe(true)
})
