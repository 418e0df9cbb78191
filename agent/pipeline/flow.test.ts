import { describe, expect, test } from 'vitest'
import { agentPlan, failure, flowPlan } from '../../test/sim/flow-parts.ts'
import type { FlowShape } from '../../test/sim/flow-parts.ts'
import { TestPipeline } from '../../test/sim/test-pipeline.ts'

async function started(shape: FlowShape, before?: TestPipeline): Promise<TestPipeline> {
  const agent = new TestPipeline(before)
  await agent.pipeline.apply(agentPlan(flowPlan(shape)))
  await agent.settle()
  return agent
}

/** Applies a plan, with the clock moving on until it is. */
async function reload(agent: TestPipeline, ...shapes: readonly FlowShape[]): Promise<void> {
  await agent.passUntil(agent.pipeline.apply(agentPlan(...shapes.map(flowPlan))), 100)
  await agent.settle()
}

const two = [{ name: 'c' }, { name: 'd' }]
const sinks = [
  { name: 'out', channel: 'c' },
  { name: 'out2', channel: 'd' },
]

describe('a reload', () => {
  test('of the same plan changes nothing', async () => {
    const agent = await started({})
    await reload(agent, {})
    expect(agent.parts.sources.get('in')).toHaveLength(1)
    expect(agent.parts.channels.get('c')).toHaveLength(1)
    expect(agent.parts.sinks.get('out')).toHaveLength(1)
    expect(agent.parts.source('in').stopped).toBe(false)
    await agent.stop()
  })

  test('with another sink leaves the source and the channel running', async () => {
    const agent = await started({})
    await reload(agent, { sinks: [{ config: { name: 'out', writesMax: 2 } }] })
    expect(agent.parts.sinks.get('out')).toHaveLength(2)
    expect(agent.parts.sinks.get('out')![0]!.stopped).toBe(1)
    expect(agent.parts.source('in').stopped).toBe(false)
    await agent.parts.source('in').emit('a').safe
    await agent.settle()
    expect(agent.parts.sink('out').delivered).toEqual(['a'])
    expect(agent.parts.channels.get('c')).toHaveLength(1)
    await agent.stop()
  })

  test('with another source awaits the receipts of the old one first', async () => {
    const agent = await started({ channels: [{ name: 'c', config: { manual: true } }] })
    const old = agent.parts.source('in')
    const { accepted } = old.emit('a')
    await agent.settle()
    const next = {
      channels: [{ name: 'c', config: { manual: true } }],
      sources: [{ config: { name: 'in', other: 1 } }],
    }
    const reloading = agent.pipeline.apply(agentPlan(flowPlan(next)))
    await agent.settle()
    expect(old.stopped).toBe(true)
    expect(agent.parts.source('in').started).toBe(agent.parts.source('in') === old ? 1 : 0)
    agent.parts.channel('c').commit()
    await accepted
    await reloading
    await agent.settle()
    expect(agent.parts.source('in')).not.toBe(old)
    expect(agent.parts.source('in').started).toBe(1)
    await agent.stop()
  })

  test('gives a channel that joins the positions before the source starts', async () => {
    const agent = await started({ channels: [{ name: 'c' }] })
    await agent.parts.source('in').emitFrom('s', 0, 'a', 'b').safe
    const joining = { channels: [{ name: 'c' }, { name: 'd', config: { manual: true } }], sinks }
    await reload(agent, joining)
    // The position of d is not durable yet.
    expect(agent.flow().sources[0]).toMatchObject({ state: 'starting' })
    agent.parts.channel('d').commit()
    await agent.settle()
    expect(agent.flow().sources[0]).toMatchObject({ state: 'running' })
    expect(agent.parts.channel('d').positions().get('in/s')).toMatchObject({ offset: 2 })
    expect(agent.parts.source('in').context!.positions().get('s')).toMatchObject({ offset: 2 })
    await agent.stop()
  })

  test('that cannot be made keeps the flow as it was, says so, and changes the others', async () => {
    const agent = await started({})
    const broken = { sources: [{ config: { name: 'in', broken: true } }] }
    await expect(reload(agent, broken, { name: 'g' })).rejects.toMatchObject({ code: 'FLM5201' })
    await agent.settle()
    expect(agent.flow()).toMatchObject({ state: 'failing' })
    expect(agent.flow().problem).toContain('the test cannot make this source')
    expect(agent.flow().sources[0]).toMatchObject({ state: 'running' })
    expect(agent.flow('g')).toMatchObject({ state: 'running' })
    await reload(agent, {}, { name: 'g' })
    expect(agent.flow()).toMatchObject({ state: 'running', problem: undefined })
    await agent.stop()
  })

  test('reopens a channel with other settings, its parts restarted, nothing lost', async () => {
    const agent = await started({})
    await agent.parts.source('in').emit('a').safe
    await agent.settle()
    await reload(agent, { channels: [{ name: 'c', config: { capacityEvents: 50 } }] })
    expect(agent.parts.channels.get('c')).toHaveLength(2)
    expect(agent.parts.channels.get('c')![0]!.closed).toBe(true)
    await agent.parts.source('in').emit('b').safe
    await agent.settle()
    expect(agent.parts.sink('out').delivered).toEqual(['b'])
    await agent.stop()
  })

  test('refuses another type under the name of a channel', async () => {
    const agent = await started({})
    const memory = { name: 'c', type: 'memory', config: { capacity: 5, byteCapacity: 5000 } }
    await expect(reload(agent, { channels: [memory] })).rejects.toMatchObject({ code: 'FLM5203' })
    expect(agent.flow().channels[0]).toMatchObject({ type: 'model', state: 'running' })
    await agent.stop()
  })

  test('never closes a memory channel with events: it keeps its old settings', async () => {
    const memory = (capacity: number) => ({
      channels: [{ name: 'c', type: 'memory', config: { capacity, byteCapacity: 5000 } }],
    })
    const agent = await started(memory(5))
    agent.parts.sink('out').failing = failure('FLM4201')
    agent.parts.prepareSink = (sink) => {
      sink.failing = failure('FLM4201')
    }
    agent.parts.source('in').emit('a')
    await agent.settle()
    await expect(reload(agent, memory(9))).rejects.toMatchObject({ code: 'FLM5204' })
    expect(agent.flow().channels[0]!.stats).toMatchObject({ capacityEvents: 5, backlogEvents: 1 })
    agent.parts.sink('out').failing = undefined
    await agent.pass(5000)
    expect(agent.flow().channels[0]!.stats).toMatchObject({ backlogEvents: 0 })
    await reload(agent, memory(9))
    expect(agent.flow().channels[0]!.stats).toMatchObject({ capacityEvents: 9 })
    await agent.stop()
  })
})

describe('a channel that leaves the configuration', () => {
  test('with its sinks is drained by them, then its directory is removed', async () => {
    const agent = await started({ channels: two, sinks })
    agent.parts.sink('out2').hold = true
    agent.parts.source('in').emit('a')
    await agent.settle()
    await reload(agent, { channels: [{ name: 'c' }] })
    const left = () => agent.flow().channels.find(({ name }) => name === 'd')
    expect(left()).toMatchObject({ role: 'retiring', stats: { backlogEvents: 1 } })
    await agent.pass(5000)
    expect(left()).toBeDefined()
    agent.parts.sink('out2').held[0]!.settle()
    await agent.pass(2000)
    expect(left()).toBeUndefined()
    expect(agent.parts.sink('out2').delivered).toEqual(['a'])
    expect(await agent.disk.list('/data/a-0/f')).toEqual(['c'])
    await agent.stop()
  })

  test('without sinks is orphaned, shown, and never removed while it holds events', async () => {
    const agent = await started({ channels: two, sinks: [sinks[0]!] })
    await agent.parts.source('in').emit('a').safe
    await reload(agent, { channels: [{ name: 'c' }] })
    await agent.pass(10_000)
    const left = agent.flow().channels.find(({ name }) => name === 'd')
    expect(left).toMatchObject({ role: 'orphaned', stats: { backlogEvents: 1 } })
    expect(await agent.metrics.text()).toContain('flume_channel_events{flow="f",channel="d"} 1')
    await agent.stop()
  })

  test('is found again after a restart, and used when it comes back', async () => {
    const agent = await started({ channels: two, sinks: [sinks[0]!] })
    await agent.parts.source('in').emit('a').safe
    await agent.stop()
    const again = await started({ channels: [{ name: 'c' }] }, agent)
    await again.settle()
    const left = again.flow().channels.find(({ name }) => name === 'd')
    expect(left).toMatchObject({ role: 'orphaned', stats: { backlogEvents: 1 } })
    await reload(again, { channels: two, sinks })
    expect(again.parts.channels.get('d')).toHaveLength(1)
    expect(again.parts.sink('out2').delivered).toEqual(['a'])
    expect(again.flow().channels.every(({ role }) => role === 'active')).toBe(true)
    await again.stop()
  })

  test('with its whole flow is drained; then the flow is gone', async () => {
    const agent = await started({})
    agent.parts.sink('out').hold = true
    agent.parts.source('in').emit('a')
    await agent.settle()
    await reload(agent)
    expect(agent.flow()).toMatchObject({ state: 'removed', hash: '' })
    expect(agent.flow().channels[0]).toMatchObject({ role: 'retiring' })
    agent.parts.sink('out').held[0]!.settle()
    await agent.pass(2000)
    expect(agent.pipeline.status().flows).toEqual([])
    expect(agent.pipeline.ready()).toBe(true)
    await agent.stop()
  })

  test('of a flow that is not configured is found at the start', async () => {
    const agent = await started({})
    agent.parts.sink('out').hold = true
    await agent.parts.source('in').emit('a').accepted
    await agent.stop()
    const again = new TestPipeline(agent)
    await again.pipeline.apply(agentPlan())
    await again.settle()
    expect(again.flow()).toMatchObject({ state: 'removed' })
    expect(again.flow().channels[0]).toMatchObject({ role: 'orphaned', type: 'model' })
    await again.pass(10_000)
    expect(again.flow().channels).toHaveLength(1)
    await again.stop()
  })

  test('of a flow that is held stays, also when it is empty: positions are in it', async () => {
    const agent = await started({})
    await agent.parts.source('in').emitFrom('s', 0, 'a').safe
    await agent.settle()
    await agent.stop()
    const again = new TestPipeline(agent)
    const held = (flow: string): string | undefined => (flow === 'f' ? 'FLM1503 no' : undefined)
    await again.pipeline.apply(agentPlan(), held)
    await again.settle()
    expect(again.flow()).toMatchObject({ state: 'failing', problem: 'FLM1503 no', hash: '' })
    expect(again.flow().channels[0]).toMatchObject({ stats: { backlogEvents: 0 } })
    expect(again.pipeline.ready()).toBe(false)
    await again.pass(60_000)
    expect(again.flow().channels).toHaveLength(1)
    await again.pipeline.apply(agentPlan(flowPlan({})))
    await again.settle()
    expect(again.flow()).toMatchObject({ state: 'running', problem: undefined })
    expect(again.parts.source('in').context!.positions().get('s')).toMatchObject({ offset: 1 })
    await again.stop()
  })

  test('of a flow that was removed stays once it is held, and goes once it is not', async () => {
    const agent = await started({})
    await agent.pipeline.apply(agentPlan(), () => 'FLM1203 no')
    await agent.pass(60_000)
    // What runs goes on: a plan that leaves out a flow that runs and is held changes nothing of it.
    expect(agent.parts.source('in').stopped).toBe(false)
    await agent.stop()
    const again = new TestPipeline(agent)
    await again.pipeline.apply(agentPlan(), () => 'FLM1203 no')
    await again.pipeline.apply(agentPlan())
    await again.pass(10_000)
    expect(again.pipeline.status().flows).toEqual([])
    expect(again.pipeline.ready()).toBe(true)
    await again.stop()
  })

  test('keeps its positions until the sources have theirs in the channels that stay', async () => {
    // Event b went to d, which did not get it before the crash.
    const agent = await started({ channels: two, sinks })
    await agent.parts.source('in').emitFrom('s', 0, 'a').safe
    agent.parts.channel('d').fail(1000)
    agent.parts.source('in').emitFrom('s', 1, 'b')
    await agent.settle()
    for (const name of ['c', 'd']) agent.parts.channel(name).crash()
    const again = await started({ channels: [{ name: 'c' }] }, agent)
    expect(again.parts.source('in').context!.positions().get('s')).toMatchObject({ offset: 1 })
    await again.pass(2000)
    expect(again.parts.stores.get('/data/a-0/f/c')!.positions.get('in/s')).toMatchObject({
      offset: 1,
    })
    expect(again.flow().channels.map(({ name }) => name)).toEqual(['c'])
    await again.stop()
  })
})

describe('the routing of a source changes', () => {
  test('while a memory channel holds its events: the new one waits until they are safe', async () => {
    const memory = { name: 'm', type: 'memory', config: { capacity: 100, byteCapacity: 5000 } }
    const shape = { channels: [memory, { name: 'c' }], sinks: [{ channel: 'm' }] }
    const agent = await started(shape)
    const sink = agent.parts.sink('out')
    sink.hold = true
    agent.parts.source('in').emitFrom('s', 0, 'a', 'b')
    await agent.pass(100)
    expect(sink.held).toHaveLength(1)
    const selector = { type: 'replicating', config: { optional: ['nobody'] } }
    await reload(agent, { ...shape, sources: [{ selector }] })
    await agent.pass(10_000)
    expect(agent.flow().sources[0]!.problem).toContain('waits until its last events are safe')
    sink.held[0]!.settle()
    await agent.pass(1000)
    expect(agent.flow().sources[0]).toMatchObject({ state: 'running' })
    expect(agent.parts.source('in').context!.positions().get('s')).toMatchObject({ offset: 2 })
    await agent.stop()
  })
})
