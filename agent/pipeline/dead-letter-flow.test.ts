import { describe, expect, test } from 'vitest'
import { agentPlan, bodiesOf, failure, flowPlan } from '../../test/sim/flow-parts.ts'
import type { FlowShape, TestSink } from '../../test/sim/flow-parts.ts'
import { TestPipeline } from '../../test/sim/test-pipeline.ts'
import { headersAt, select } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import { FlumeError } from '../core/errors.ts'
import type { FailingEvent } from '../core/errors.ts'
import type { Intercepted } from '../core/interceptor.ts'

/** A flow with a channel `c`, its sink `out`, and a channel for dead letters with the sink `dead`. */
const shape = (changes: FlowShape = {}): FlowShape => ({
  channels: [{ name: 'c' }, { name: 'd' }],
  sources: [{ channels: ['c'] }],
  sinks: [{}, { name: 'dead', channel: 'd' }],
  deadLetterChannel: 'd',
  ...changes,
})

async function started(of: FlowShape, prepare: (sink: TestSink, name: string) => void = () => {}) {
  const agent = new TestPipeline()
  agent.parts.prepareSink = prepare
  await agent.pipeline.apply(agentPlan(flowPlan(of)))
  await agent.pass(200)
  return agent
}

const isBad = (body: string): boolean => body.startsWith('bad')
const refuses = (bodies: readonly string[], options: object = {}): FlumeError | undefined =>
  bodies.some(isBad)
    ? new FlumeError('FLM4201', 'the test refuses this', { retryable: false, ...options })
    : undefined

/** Names each bad event. */
function naming(_: readonly string[], batches: readonly Batch[]): FlumeError | undefined {
  const failing = batches.flatMap((batch, at): FailingEvent[] =>
    bodiesOf(batch).flatMap((body, event) =>
      isBad(body) ? [{ batch: at, event, reason: `${body} is bad` }] : [],
    ),
  )
  return failing.length === 0 ? undefined : refuses(['bad'], { failing })
}

const lettersOf = ({ parts }: TestPipeline) =>
  parts.sinks
    .get('dead')!
    .flatMap((sink) => sink.batches)
    .flatMap((batch) =>
      bodiesOf(batch).map((body, i) => {
        const headers = headersAt(batch, i)
        return {
          body,
          reason: headers['flume.deadLetter.reason'],
          component: headers['flume.deadLetter.component'],
          attempts: headers['flume.deadLetter.attempts'],
        }
      }),
    )
const delivered = ({ parts }: TestPipeline): string[] =>
  parts.sinks.get('out')!.flatMap((sink) => sink.delivered)
const sinkStatus = (agent: TestPipeline, name = 'out') =>
  agent.flow().sinks.find((sink) => sink.name === name)!
const lines = (count: number, bad: readonly number[]): string[] =>
  Array.from({ length: count }, (_, i) => (bad.includes(i) ? `bad ${i}` : `${i}`))

describe('a sink that will never take some events', () => {
  test('names them: they go to the dead letters, the rest is written again by the same sink', async () => {
    const agent = await started(shape(), (sink, name) => {
      if (name === 'out') sink.answer = naming
    })
    await agent.parts.source('in').emit(...lines(6, [1, 4])).safe
    await agent.pass(500)
    expect(delivered(agent)).toEqual(['0', '2', '3', '5'])
    expect(lettersOf(agent)).toEqual([
      { body: 'bad 1', reason: 'bad 1 is bad', component: 'sink out', attempts: '1' },
      { body: 'bad 4', reason: 'bad 4 is bad', component: 'sink out', attempts: '1' },
    ])
    expect(agent.parts.sinks.get('out')).toHaveLength(1)
    expect(agent.parts.channel('c').stats().backlogEvents).toBe(0)
    expect(sinkStatus(agent)).toMatchObject({
      state: 'running',
      problem: undefined,
      eventsTotal: 4,
      deadLettersTotal: 2,
    })
    expect(await agent.metrics.text()).toContain(
      'flume_dead_letter_events_total{flow="f",component="sink out",reason="FLM4201"} 2',
    )
    await agent.stop()
  })

  test('does not name them: halves, until single events are left', async () => {
    const agent = await started(shape(), (sink, name) => {
      if (name === 'out') sink.answer = (bodies) => refuses(bodies)
    })
    await agent.parts.source('in').emit(...lines(100, [0, 37, 99])).safe
    await agent.pass(2000, 40)
    expect(delivered(agent)).toEqual(lines(100, []).filter((_, i) => ![0, 37, 99].includes(i)))
    expect(lettersOf(agent).map(({ body }) => body)).toEqual(['bad 0', 'bad 37', 'bad 99'])
    expect(lettersOf(agent)[0]).toMatchObject({
      reason: 'FLM4201 the test refuses this',
      attempts: '7',
    })
    expect(agent.parts.channel('c').stats()).toMatchObject({ backlogEvents: 0, leasedEvents: 0 })
    await agent.stop()
  })

  test('does not know what became of them: all of the lease', async () => {
    const agent = await started(shape(), (sink, name) => {
      if (name === 'out') sink.answer = (bodies) => refuses(bodies, { outcome: 'unknown' })
    })
    await agent.parts.source('in').emit(...lines(4, [2])).safe
    await agent.parts.source('in').emit('next').safe
    await agent.pass(500)
    expect(lettersOf(agent).map(({ body }) => body)).toEqual(lines(4, [2]))
    expect(delivered(agent)).toEqual(['next'])
    await agent.stop()
  })

  test('with state: each part is acknowledged with its own, and a new sink begins at the last', async () => {
    const saved: (string | undefined)[] = []
    const agent = await started(shape(), (sink, name) => {
      if (name !== 'out') return
      sink.answer = (bodies) => refuses(bodies) ?? Buffer.from(bodies.at(-1)!)
      const start = sink.start.bind(sink)
      sink.start = (context) => {
        saved.push(context.state?.toString())
        return start(context)
      }
    })
    await agent.parts.source('in').emit(...lines(4, [2])).safe
    await agent.pass(2000, 40)
    expect(agent.parts.channel('c').acks).toEqual(['1', undefined, '3'])
    expect(saved).toEqual([undefined, undefined, '1', '1'])
    await agent.stop()
  })

  test('acknowledges them only when they are safe', async () => {
    const channels = [{ name: 'c' }, { name: 'd', config: { manual: true } }]
    const agent = await started(shape({ channels }), (sink, name) => {
      if (name === 'out') sink.answer = naming
    })
    await agent.parts.source('in').emit('0', 'bad 1').safe
    await agent.pass(500)
    expect(agent.parts.channel('d').pending).toBe(1)
    expect(agent.parts.channel('c').acks).toEqual([])
    expect(delivered(agent)).toEqual([])
    agent.parts.channel('d').commit()
    await agent.pass(500)
    expect(agent.parts.channel('c').acks).toEqual([undefined])
    expect(delivered(agent)).toEqual(['0'])
    await agent.stop()
  })

  test('is stopped meanwhile: what is left goes back to its channel', async () => {
    const agent = await started(shape(), (sink, name) => {
      if (name === 'out') sink.answer = (bodies) => refuses(bodies)
      else sink.hold = true
    })
    agent.parts.channelOptions = {}
    await agent.parts.source('in').emit(...lines(8, [3])).safe
    await agent.stop()
    const { log } = agent.parts.channel('d').store
    expect(agent.parts.channel('c').store.backlog.flatMap(bodiesOf).filter(isBad)).toEqual(
      log.length === 1 ? [] : ['bad 3'],
    )
  })
})

describe('where dead letters cannot go', () => {
  test('without a channel for them the sink tries again and shows it', async () => {
    const agent = await started(shape({ deadLetterChannel: undefined as never }), (sink, name) => {
      if (name === 'out') sink.failing = failure('FLM4201', false)
    })
    await agent.parts.source('in').emit('x').safe
    await agent.pass(5000, 50)
    expect(sinkStatus(agent)).toMatchObject({ state: 'failing', deadLettersTotal: 0 })
    expect(sinkStatus(agent).failuresTotal).toBeGreaterThan(2)
    expect(agent.parts.channel('c').stats().backlogEvents).toBe(1)
    await agent.stop()
  })

  test('the sink of the dead letters never makes some of its own', async () => {
    const agent = await started(shape(), (sink, name) => {
      if (name === 'out') sink.answer = naming
      else sink.failing = failure('FLM4201', false)
    })
    await agent.parts.source('in').emit('bad').safe
    await agent.pass(5000, 50)
    expect(agent.parts.channel('d').store.log).toEqual(['bad'])
    expect(sinkStatus(agent, 'dead')).toMatchObject({ state: 'failing', deadLettersTotal: 0 })
    expect(sinkStatus(agent)).toMatchObject({ state: 'running', deadLettersTotal: 1 })
    await agent.stop()
  })

  test('a full channel makes the sink wait, which it shows; it goes on when there is room', async () => {
    const channels = [{ name: 'c' }, { name: 'd', config: { capacityEvents: 1 } }]
    const agent = await started(shape({ channels }), (sink, name) => {
      if (name === 'out') sink.answer = naming
      else sink.hold = true
    })
    await agent.parts.source('in').emit('bad 1', 'bad 3', 'fine').safe
    await agent.pass(5000, 50)
    expect(delivered(agent)).toEqual([])
    expect(sinkStatus(agent)).toMatchObject({
      state: 'failing',
      problem: expect.stringContaining(
        'FLM5107 flow f: sink out waits for the dead-letter channel d',
      ),
    })
    for (let i = 0; i < 3; i++) {
      agent.parts.sink('dead').held.at(-1)!.settle()
      await agent.pass(500)
    }
    expect(agent.parts.sink('dead').delivered).toEqual(['bad 1', 'bad 3'])
    expect(delivered(agent)).toEqual(['fine'])
    expect(sinkStatus(agent)).toMatchObject({ state: 'running', problem: undefined })
    await agent.stop()
  })

  test('a channel that fails is tried again, and takes each once', async () => {
    const agent = await started(shape(), (sink, name) => {
      if (name === 'out') sink.answer = naming
    })
    agent.parts.channel('d').fail(3)
    await agent.parts.source('in').emit('bad 0', '1', 'bad 2').safe
    await agent.pass(20_000, 100)
    expect(agent.parts.channel('d').store.log).toEqual(['bad 0', 'bad 2'])
    expect(delivered(agent)).toEqual(['1'])
    await agent.stop()
  })
})

/** Gives up on what is bad, and drops what is `drop`. */
function sort(batch: Batch): Intercepted {
  const bodies = bodiesOf(batch)
  const indices = (wanted: (body: string) => boolean): Uint32Array =>
    Uint32Array.from(bodies.flatMap((body, i) => (wanted(body) ? [i] : [])))
  const kept = select(
    batch,
    indices((body) => !isBad(body) && body !== 'drop'),
  )
  const letters = bodies.filter(isBad).map((body) => ({
    batch: select(
      batch,
      indices((each) => each === body),
    ),
    reason: `${body} is bad`,
    kind: 'invalid' as const,
  }))
  return { batch: kept, deadLetters: letters }
}

describe('an interceptor that gives up on events', () => {
  const interceptors = [{ type: 'test', config: {} }]

  test('hands them to the dead letters, with the position in all required channels', async () => {
    const agent = new TestPipeline()
    agent.parts.intercept = sort
    const plan = flowPlan(shape({ sources: [{ channels: ['c'], interceptors }] }))
    await agent.pipeline.apply(agentPlan(plan))
    await agent.pass(200)
    await agent.parts.source('in').emitFrom('s', 0, 'bad 0', '1', 'drop', 'bad 3', '4').safe
    await agent.pass(500)
    expect(delivered(agent)).toEqual(['1', '4'])
    expect(lettersOf(agent)).toEqual([
      {
        body: 'bad 0',
        reason: 'bad 0 is bad',
        component: 'interceptor test of source in',
        attempts: '1',
      },
      {
        body: 'bad 3',
        reason: 'bad 3 is bad',
        component: 'interceptor test of source in',
        attempts: '1',
      },
    ])
    for (const name of ['c', 'd'])
      expect(agent.parts.channel(name).positions().get('in/s')?.offset).toBe(5)
    expect(agent.flow().sources[0]).toMatchObject({ deadLettersTotal: 2, eventsTotal: 5 })
    const metrics = await agent.metrics.text()
    expect(metrics).toContain(
      'flume_dead_letter_events_total{flow="f",component="interceptor test of source in",reason="invalid"} 2',
    )
    expect(metrics).toContain(
      'flume_events_dropped_total{flow="f",source="in",reason="filtered"} 1',
    )
    await agent.stop()
  })

  test('without a channel for them fails its source, which loses nothing', async () => {
    const agent = new TestPipeline()
    agent.parts.intercept = sort
    const plan = flowPlan({ channels: [{ name: 'c' }], sources: [{ interceptors }] })
    await agent.pipeline.apply(agentPlan(plan))
    await agent.pass(200)
    const { accepted } = agent.parts.source('in').emitFrom('s', 0, '0', 'bad 1')
    await expect(accepted).rejects.toMatchObject({ code: 'FLM5106', retryable: false })
    await agent.pass(100)
    expect(agent.flow().sources[0]).toMatchObject({
      state: 'failing',
      problem: expect.stringContaining('FLM5106 the interceptor test of source in gave up on 1'),
    })
    expect(agent.parts.channel('c').appended).toEqual([])
    expect(await agent.metrics.text()).not.toContain('reason="FLM5106"} 2')
    await agent.pass(60_000, 60)
    expect(agent.parts.sources.get('in')!.length).toBeGreaterThan(1)
    await agent.stop()
  })

  test('and a dead-letter channel that another one replaces: the source goes there', async () => {
    const agent = new TestPipeline()
    agent.parts.intercept = sort
    const sources = [{ channels: ['c'], interceptors }]
    await agent.pipeline.apply(agentPlan(flowPlan(shape({ sources }))))
    await agent.pass(200)
    await agent.parts.source('in').emitFrom('s', 0, 'bad 0').safe
    const other = flowPlan({
      channels: [{ name: 'c' }, { name: 'e' }],
      sources,
      sinks: [{}, { name: 'dead', channel: 'e' }],
      deadLetterChannel: 'e',
    })
    const applied = agent.pipeline.apply(agentPlan(other))
    await agent.passUntil(applied, 100)
    await agent.pass(500)
    expect(agent.parts.source('in').context!.positions().get('s')?.offset).toBe(1)
    await agent.parts.source('in').emitFrom('s', 1, 'bad 1').safe
    await agent.pass(500)
    expect(agent.parts.channel('e').store.log).toEqual(['bad 1'])
    await agent.stop()
  })
})
