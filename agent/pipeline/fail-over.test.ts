import { describe, expect, test } from 'vitest'
import { failure, flowPlan, agentPlan } from '../../test/sim/flow-parts.ts'
import type { TestSink } from '../../test/sim/flow-parts.ts'
import { TestPipeline } from '../../test/sim/test-pipeline.ts'

/** Whole flows whose sinks are killed, hang and come back. */

const priorities = [
  { sink: 'a', priority: 2 },
  { sink: 'b', priority: 1 },
]
const failover = { type: 'failover', config: { priorities, maxPenalty: 30_000, timeout: 10_000 } }
const loadBalance = {
  type: 'loadBalance',
  config: { selector: 'RoundRobin', backoff: true, maxBackoff: 30_000, timeout: 10_000 },
}

interface Options {
  readonly group?: typeof failover | typeof loadBalance
  readonly sinks?: readonly string[]
  readonly writesMax?: number
  readonly prepare?: (sink: TestSink, name: string) => void
}

async function started(options: Options = {}): Promise<TestPipeline> {
  const { group = failover, sinks = ['a', 'b'], writesMax = 1, prepare } = options
  const agent = new TestPipeline()
  if (prepare !== undefined) agent.parts.prepareSink = prepare
  const plan = flowPlan({
    sinks: sinks.map((name) => ({ name, config: { name, writesMax } })),
    sinkGroups: [{ name: 'out', sinks, ...group }],
  })
  await agent.pipeline.apply(agentPlan(plan))
  await agent.settle()
  return agent
}

/** Emits one batch per body; each becomes a lease of its own. */
async function emit(agent: TestPipeline, ...bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    agent.parts.source('in').emit(body)
    await agent.settle()
  }
}

const delivered = (agent: TestPipeline, sink: string): readonly string[] =>
  agent.parts.sinks.get(sink)!.flatMap((each) => each.delivered)

const health = (agent: TestPipeline, sink: string) =>
  agent.flow().sinks.find(({ name }) => name === sink)!.health

const liveChanges = (agent: TestPipeline) =>
  agent.log.lines
    .filter(({ message }) => message === 'live sink changed')
    .map(({ fields }) => fields)

describe('failover', () => {
  test('a sink that dies is left at once, and returned to after its penalty', async () => {
    const agent = await started()
    await emit(agent, '1')
    agent.parts.sink('a').failing = failure('FLM4201')
    await emit(agent, '2', '3')
    expect(delivered(agent, 'a')).toEqual(['1'])
    expect(delivered(agent, 'b')).toEqual(['2', '3'])
    expect(health(agent, 'a')).toEqual({
      live: false,
      failures: 1,
      retryInMs: 2000,
      lastError: 'FLM4201 the test says FLM4201',
    })
    expect(health(agent, 'b')).toMatchObject({ live: true })
    agent.parts.sink('a').failing = undefined
    await agent.pass(2010)
    // The wait for events began with b; then one write tries a.
    await emit(agent, '4', '5', '6')
    expect(delivered(agent, 'a')).toEqual(['1', '5', '6'])
    expect(liveChanges(agent)).toEqual([
      expect.objectContaining({ from: 'a', to: 'b', reason: 'FLM4201 the test says FLM4201' }),
      expect.objectContaining({ from: 'b', to: 'a', reason: 'a delivers again' }),
    ])
    const metrics = await agent.metrics.text()
    expect(metrics).toContain('flume_sink_live{flow="f",group="out",sink="a"} 1')
    expect(metrics).toContain('flume_sink_live{flow="f",group="out",sink="b"} 0')
    expect(metrics).toContain('flume_sink_failovers_total{flow="f",group="out",sink="a"} 1')
    await agent.stop()
  })

  test('the first failure of pipelined writes is enough; no lease moves before its write settled', async () => {
    const agent = await started({ writesMax: 3 })
    const a = agent.parts.sink('a')
    a.hold = true
    await emit(agent, '1', '2', '3', '4')
    expect(a.held.map(({ bodies }) => bodies)).toEqual([['1'], ['2'], ['3']])
    a.held[1]!.settle(failure('FLM4201'))
    await agent.settle()
    // 4 goes on at once. 1 and 3 are still on their way, and 2 waits for 1, which came first.
    expect(delivered(agent, 'b')).toEqual(['4'])
    await agent.pass(1000)
    expect(delivered(agent, 'b')).toEqual(['4'])
    a.held[0]!.settle()
    await agent.settle()
    expect(delivered(agent, 'b')).toEqual(['4', '2'])
    a.held[2]!.settle()
    await agent.settle()
    expect(delivered(agent, 'a')).toEqual(['1', '3'])
    expect(agent.flow().channels[0]!.stats).toMatchObject({ backlogEvents: 0, leasedEvents: 0 })
    await agent.stop()
  })

  test('a sink that hangs loses its place after the timeout of the group, and keeps its events', async () => {
    const agent = await started()
    const a = agent.parts.sink('a')
    a.hold = true
    await emit(agent, '1', '2')
    await agent.pass(9990)
    expect(delivered(agent, 'b')).toEqual([])
    await agent.pass(10)
    expect(delivered(agent, 'b')).toEqual(['2'])
    const sink = agent.flow().sinks.find(({ name }) => name === 'a')!
    expect(sink.state).toBe('failing')
    expect(sink.problem).toContain('FLM4202 the sink a did not end a write within 10000 ms')
    expect(agent.log.messages()).toContain('sink takes too long')
    // However long it takes: what hangs may still arrive.
    await agent.pass(600_000, 100)
    await emit(agent, '3')
    expect(delivered(agent, 'b')).toEqual(['2', '3'])
    expect(agent.flow().channels[0]!.stats).toMatchObject({ leasedEvents: 1 })
    a.hold = false
    a.held[0]!.settle()
    await agent.settle()
    expect(delivered(agent, 'a')).toEqual(['1'])
    expect(agent.flow().sinks.find(({ name }) => name === 'a')).toMatchObject({
      state: 'running',
      problem: undefined,
      health: { live: true },
    })
    await emit(agent, '4', '5')
    expect(delivered(agent, 'a')).toContain('5')
    await agent.stop()
  })

  test('a sink that is tried again and hangs gets one lease; the live one goes on', async () => {
    const agent = await started({ writesMax: 3 })
    const a = agent.parts.sink('a')
    a.failing = failure('FLM4201')
    await emit(agent, '1')
    a.failing = undefined
    a.hold = true
    await agent.pass(2010)
    await emit(agent, '2', '3', '4', '5', '6')
    expect(a.held.map(({ bodies }) => bodies)).toEqual([['3']])
    expect(delivered(agent, 'b')).toEqual(['1', '2', '4', '5', '6'])
    a.held[0]!.settle(failure('FLM4201'))
    await agent.settle()
    expect(delivered(agent, 'b')).toEqual(['1', '2', '4', '5', '6', '3'])
    expect(health(agent, 'a')).toMatchObject({ failures: 2, retryInMs: 4000 })
    await agent.stop()
  })

  test('all sinks down: the backlog grows; then everything is delivered once', async () => {
    const agent = await started()
    for (const name of ['a', 'b']) agent.parts.sink(name).failing = failure('FLM4201')
    const bodies = Array.from({ length: 50 }, (_, i) => `${i}`)
    for (const body of bodies) {
      await emit(agent, body)
      await agent.pass(1000, 2)
    }
    expect(agent.flow().channels[0]!.stats).toMatchObject({ backlogEvents: 50 })
    expect(agent.flow().state).toBe('failing')
    expect(health(agent, 'a').live || health(agent, 'b').live).toBe(false)
    for (const name of ['a', 'b']) agent.parts.sink(name).failing = undefined
    await agent.pass(30_000)
    await agent.settle()
    const all = [...delivered(agent, 'a'), ...delivered(agent, 'b')]
    expect(all).toHaveLength(50)
    expect(new Set(all)).toEqual(new Set(bodies))
    expect(agent.flow()).toMatchObject({ state: 'running' })
    await agent.stop()
  })
})

describe('starting', () => {
  test('all sinks are started, so that the one in reserve takes over at once', async () => {
    const agent = await started()
    expect(agent.parts.sink('b').started).toBe(1)
    expect(agent.flow().sinks.map(({ state }) => state)).toEqual(['running', 'running'])
    await agent.stop()
  })

  test('a start that hangs holds up the others for the timeout of the group at most', async () => {
    const gate = Promise.withResolvers<void>()
    const agent = await started({
      prepare: (sink, name) => {
        if (name === 'a') sink.startGate = gate.promise
      },
    })
    await emit(agent, '1')
    await agent.pass(9000)
    expect(delivered(agent, 'b')).toEqual([])
    await agent.pass(1000)
    expect(delivered(agent, 'b')).toEqual(['1'])
    expect(health(agent, 'a').lastError).toContain('did not start within 10000 ms')
    await agent.pass(300_000, 100)
    await emit(agent, '2')
    expect(delivered(agent, 'b')).toEqual(['1', '2'])
    expect(agent.parts.sinks.get('a')).toHaveLength(1)
    gate.resolve()
    await agent.settle()
    await emit(agent, '3', '4')
    expect(delivered(agent, 'a')).toEqual(['4'])
    await agent.stop()
  })

  test('a stop does not wait for a start that hangs', async () => {
    const agent = await started({
      prepare: (sink, name) => {
        if (name === 'a') sink.startGate = new Promise(() => {})
      },
    })
    await emit(agent, '1')
    await agent.stop()
    expect(agent.parts.sink('a').stopped).toBe(1)
    expect(agent.parts.sink('b').stopped).toBe(1)
  })

  test('a sink in reserve that cannot start is tried again until it can', async () => {
    const faults: { start: Error | undefined } = { start: failure('FLM4201') }
    const agent = await started({
      prepare: (sink, name) => {
        if (name === 'b') sink.startError = faults.start
      },
    })
    await emit(agent, '1')
    const b = () => agent.flow().sinks.find(({ name }) => name === 'b')!
    expect(b()).toMatchObject({ state: 'failing', health: { live: false, failures: 1 } })
    faults.start = undefined
    await agent.pass(2010)
    expect(b()).toMatchObject({ state: 'running' })
    expect(agent.parts.sinks.get('b')).toHaveLength(2)
    expect(delivered(agent, 'a')).toEqual(['1'])
    await agent.stop()
  })

  test('a sink that was thrown away is made anew for the write that tries it', async () => {
    const agent = await started()
    agent.parts.sink('a').failing = failure('FLM4201', false)
    await emit(agent, '1')
    expect(delivered(agent, 'b')).toEqual(['1'])
    expect(agent.parts.sink('a').stopped).toBe(1)
    await agent.pass(2010)
    expect(agent.parts.sinks.get('a')).toHaveLength(2)
    await emit(agent, '2', '3')
    expect(delivered(agent, 'a')).toEqual(['3'])
    await agent.stop()
  })
})

describe('loadBalance', () => {
  const sinks = ['a', 'b', 'c']

  test('each sink gets its turn', async () => {
    const agent = await started({ group: loadBalance, sinks })
    await emit(agent, '1', '2', '3', '4', '5', '6')
    expect(sinks.map((name) => delivered(agent, name))).toEqual([
      ['1', '4'],
      ['2', '5'],
      ['3', '6'],
    ])
    expect(agent.flow().sinks.every((each) => each.health.live)).toBe(true)
    await agent.stop()
  })

  test('a sink that hangs keeps its leases, and the others go on', async () => {
    const agent = await started({ group: loadBalance, sinks, writesMax: 2 })
    const b = agent.parts.sink('b')
    b.hold = true
    const bodies = Array.from({ length: 20 }, (_, i) => `${i}`)
    await emit(agent, ...bodies)
    expect(b.held.flatMap((each) => each.bodies)).toEqual(['1', '4'])
    expect(delivered(agent, 'a').length + delivered(agent, 'c').length).toBe(18)
    await agent.pass(10_000)
    expect(health(agent, 'b')).toMatchObject({ live: false, failures: 1 })
    expect(liveChanges(agent)).toMatchObject([{ from: 'a, b, c', to: 'a, c' }])
    for (const { settle } of b.held) settle(failure('FLM4201'))
    await agent.settle()
    const all = [...delivered(agent, 'a'), ...delivered(agent, 'c')]
    expect(all.toSorted()).toEqual(bodies.toSorted())
    expect(delivered(agent, 'b')).toEqual([])
    await agent.stop()
  })

  test('a sink that fails is left out, tried by one write, and takes its share again', async () => {
    const agent = await started({ group: loadBalance, sinks, writesMax: 2 })
    agent.parts.sink('a').failing = failure('FLM4201')
    await emit(agent, '1', '2', '3', '4')
    expect(delivered(agent, 'a')).toEqual([])
    agent.parts.sink('a').failing = undefined
    await agent.pass(2010)
    await emit(agent, '5', '6', '7', '8', '9', '10')
    expect(delivered(agent, 'a').length).toBeGreaterThanOrEqual(2)
    expect(sinks.flatMap((name) => delivered(agent, name))).toHaveLength(10)
    expect(liveChanges(agent)).toMatchObject([
      { from: 'a, b, c', to: 'b, c' },
      { from: 'b, c', to: 'a, b, c', reason: 'a delivers again' },
    ])
    await agent.stop()
  })

  test('all sinks down: the backlog grows; then everything is delivered once', async () => {
    const agent = await started({ group: loadBalance, sinks })
    for (const name of sinks) agent.parts.sink(name).failing = failure('FLM4201')
    const bodies = Array.from({ length: 20 }, (_, i) => `${i}`)
    await emit(agent, ...bodies)
    await agent.pass(100_000, 100)
    expect(agent.flow().channels[0]!.stats).toMatchObject({ backlogEvents: 20 })
    for (const name of sinks) agent.parts.sink(name).failing = undefined
    await agent.pass(30_000)
    const all = sinks.flatMap((name) => delivered(agent, name))
    expect(all.toSorted()).toEqual(bodies.toSorted())
    await agent.stop()
  })
})
