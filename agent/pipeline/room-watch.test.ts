import { describe, expect, test } from 'vitest'
import { agentPlan, flowPlan } from '../../test/sim/flow-parts.ts'
import { TestPipeline } from '../../test/sim/test-pipeline.ts'
import { LOOK_MS, STALLED_MS } from './room-watch.ts'

const CAPACITY = 4

/** A flow with a small channel and a sink that takes nothing, unless told otherwise. */
async function full(hasClients = true): Promise<TestPipeline> {
  const agent = new TestPipeline()
  agent.parts.prepareSource = (source) => {
    source.hasClients = hasClients
  }
  agent.parts.prepareSink = (sink) => {
    sink.hold = true
  }
  const config = { capacity: CAPACITY, byteCapacity: 1 << 20 }
  const channels = [{ name: 'c', type: 'memory', config }]
  await agent.pipeline.apply(agentPlan(flowPlan({ channels })))
  await agent.settle()
  await agent.parts.source('in').emit('a', 'b', 'c', 'd').accepted
  return agent
}

/** A client that asks again each second, and is told each time that there is no room. */
async function insist(agent: TestPipeline, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += LOOK_MS) {
    const late = new AbortController()
    const { accepted, safe } = agent.parts.source('in').emitUntil(late.signal, 'x')
    await agent.pass(LOOK_MS, 4)
    late.abort()
    await Promise.allSettled([accepted, safe])
  }
}

function settleAll(agent: TestPipeline): void {
  for (const { settle } of agent.parts.sink('out').held) settle()
}

const sourceOf = (agent: TestPipeline) => agent.flow().sources[0]!

describe('a source that serves clients', () => {
  test('stops while its channels have no room for long, and starts again when they have', async () => {
    const agent = await full()
    const first = agent.parts.source('in')
    await insist(agent, STALLED_MS - 2 * LOOK_MS)
    expect(sourceOf(agent).state).toBe('running')
    await insist(agent, 4 * LOOK_MS)
    expect(first.stopped).toBe(true)
    expect(sourceOf(agent)).toMatchObject({ state: 'failing' })
    expect(sourceOf(agent).problem).toContain('FLM5108')
    expect(agent.pipeline.ready()).toBe(false)
    await agent.pass(60_000)
    expect(agent.parts.sources.get('in')).toHaveLength(1)

    settleAll(agent)
    await agent.pass(3 * LOOK_MS)
    expect(sourceOf(agent)).toMatchObject({ state: 'running', problem: undefined })
    expect(agent.pipeline.ready()).toBe(true)
    expect(agent.parts.source('in')).not.toBe(first)
    await agent.stop()
  })

  test('stays while now and then something gets in', async () => {
    const agent = await full()
    for (let round = 0; round < 4; round++) {
      await insist(agent, STALLED_MS - 2 * LOOK_MS)
      settleAll(agent)
      await agent.pass(LOOK_MS, 2)
      await agent.parts.source('in').emit('a', 'b', 'c', 'd').accepted
    }
    expect(sourceOf(agent).state).toBe('running')
    await agent.stop()
  })

  test('stays while its clients bring nothing', async () => {
    const agent = await full()
    await agent.pass(10 * STALLED_MS, 100)
    expect(sourceOf(agent).state).toBe('running')
    await agent.stop()
  })

  test('stays where its events are refused though there is room', async () => {
    const agent = await full()
    settleAll(agent)
    await agent.settle()
    for (let i = 0; i < 30; i++) {
      const { accepted, safe } = agent.parts.source('in').emit('x'.repeat(2 << 20))
      await agent.pass(LOOK_MS, 2)
      await Promise.allSettled([accepted, safe])
    }
    expect(sourceOf(agent).state).toBe('running')
    await agent.stop()
  })

  test('is stopped at once while it waits for room', async () => {
    const agent = await full()
    await insist(agent, STALLED_MS + 2 * LOOK_MS)
    expect(sourceOf(agent).state).toBe('failing')
    await agent.stop()
    expect(agent.clock.pending).toBe(0)
  })
})

test('a source that reads by itself waits for room, however long it takes', async () => {
  const agent = await full(false)
  await insist(agent, 3 * STALLED_MS)
  expect(sourceOf(agent).state).toBe('running')
  await agent.stop()
})
