import { describe, expect, test } from 'vitest'
import { agentPlan, failure, flowPlan } from '../../test/sim/flow-parts.ts'
import { TestPipeline } from '../../test/sim/test-pipeline.ts'
import type { FlowPlan } from '../core/plan.ts'
import { SETTLE_MS } from './pipeline.ts'

async function started(...flows: readonly FlowPlan[]): Promise<TestPipeline> {
  const agent = new TestPipeline()
  await agent.pipeline.apply(agentPlan(...flows))
  await agent.settle()
  return agent
}

const sizes = [1, 10, 1000]

describe('a flow', () => {
  test('moves events from its source to its sink and is ready', async () => {
    const agent = await started(flowPlan())
    const { accepted, safe } = agent.parts.source('in').emit('a', 'b')
    await accepted
    await safe
    await agent.settle()
    expect(agent.parts.sink('out').delivered).toEqual(['a', 'b'])
    expect(agent.pipeline.ready()).toBe(true)
    expect(agent.pipeline.live()).toBe(true)
    expect(agent.flow()).toMatchObject({ state: 'running', problem: undefined })
    expect(agent.flow().sources[0]).toMatchObject({ state: 'running', eventsTotal: 2 })
    expect(await agent.stop()).toEqual({ eventsLeft: 0 })
    expect(agent.parts.channel('c').closed).toBe(true)
    expect(agent.parts.source('in').stopped).toBe(true)
    expect(agent.parts.sink('out').stopped).toBe(1)
  })

  for (const capacity of sizes) {
    test(`does not stall with a memory channel of ${capacity} events, whole or in batches`, async () => {
      const config = { capacity, byteCapacity: 1 << 20 }
      const agent = await started(flowPlan({ channels: [{ name: 'c', type: 'memory', config }] }))
      const lines = Array.from({ length: 300 }, (_, i) => `line ${i}`)
      const receipts = [0, 100, 200].map((from) =>
        agent.parts.source('in').emitFrom('s', from, ...lines.slice(from, from + 100)),
      )
      await Promise.all(receipts.map(({ safe }) => safe))
      expect(agent.parts.sink('out').delivered).toEqual(lines)
      expect(await agent.stop()).toEqual({ eventsLeft: 0 })
    })
  }

  test('whose sink fails for ever leaves the other flow untouched', async () => {
    const agent = new TestPipeline()
    agent.parts.prepareSink = (sink, name) => {
      if (name === 'bad') sink.failing = failure('FLM4201')
    }
    const bad = { name: 'broken', sources: [{ name: 'in1' }], sinks: [{ name: 'bad' }] }
    await agent.pipeline.apply(agentPlan(flowPlan(bad), flowPlan({ name: 'fine' })))
    await agent.settle()
    agent.parts.source('in1').emit('x')
    await agent.pass(20_000, 40)
    expect(agent.flow('broken')).toMatchObject({ state: 'failing' })
    expect(agent.flow('broken').channels[0]!.stats!.backlogEvents).toBe(1)
    expect(agent.flow('broken').sinks[0]!.failuresTotal).toBeGreaterThan(5)
    await agent.parts.source('in').emit('y').safe
    await agent.settle()
    expect(agent.flow('fine')).toMatchObject({ state: 'running' })
    expect(agent.parts.sink('out').delivered).toEqual(['y'])
    await agent.stop()
  })

  test('retries a channel that cannot be opened, failing meanwhile, and starts when it can', async () => {
    const agent = new TestPipeline()
    agent.parts.beforeOpen = () => {
      throw failure('FLM2102')
    }
    await agent.pipeline.apply(agentPlan(flowPlan()))
    await agent.settle()
    expect(agent.flow()).toMatchObject({ state: 'failing' })
    expect(agent.flow().sources[0]!.problem).toContain('waits for channel c')
    expect(agent.pipeline.ready()).toBe(false)
    agent.parts.beforeOpen = () => {}
    await agent.pass(2000)
    expect(agent.flow()).toMatchObject({ state: 'running' })
    await agent.stop()
  })

  test('restarts a source that fails to start and one that fails later, with back-off', async () => {
    const agent = new TestPipeline()
    agent.parts.prepareSource = (source) => {
      source.startError = failure('FLM3102')
    }
    await agent.pipeline.apply(agentPlan(flowPlan()))
    await agent.settle()
    expect(agent.flow().sources[0]).toMatchObject({ state: 'failing' })
    expect(agent.parts.source('in').stopped).toBe(true)
    agent.parts.prepareSource = () => {}
    await agent.pass(600)
    expect(agent.flow().sources[0]).toMatchObject({ state: 'running', problem: undefined })
    const first = agent.parts.source('in')
    first.context!.fail(failure('FLM3102'))
    await agent.settle()
    expect(first.stopped).toBe(true)
    await agent.pass(2000)
    expect(agent.parts.source('in')).not.toBe(first)
    expect(agent.flow().state).toBe('running')
    await agent.stop()
  })

  test('sees its positions again after a restart, under its own names', async () => {
    const agent = await started(flowPlan())
    await agent.parts.source('in').emitFrom('s', 0, 'a', 'b').safe
    await agent.stop()
    const again = new TestPipeline(agent)
    await again.pipeline.apply(agentPlan(flowPlan()))
    await again.settle()
    const position = again.parts.source('in').context!.positions().get('s')
    expect(position).toMatchObject({ offset: 2, memo: 'memo' })
    await again.stop()
  })
})

describe('stopping', () => {
  test('delivers what is in memory before the deadline', async () => {
    const config = { capacity: 100, byteCapacity: 1 << 20 }
    const agent = await started(flowPlan({ channels: [{ name: 'c', type: 'memory', config }] }))
    const sink = agent.parts.sink('out')
    sink.hold = true
    agent.parts.source('in').emit('a')
    await agent.settle()
    agent.parts.source('in').emit('b')
    const stopping = agent.stop(10_000)
    await agent.settle()
    sink.hold = false
    sink.held[0]!.settle()
    expect(await stopping).toEqual({ eventsLeft: 0 })
    expect(sink.delivered).toEqual(['a', 'b'])
  })

  test('counts what is left in memory at the deadline', async () => {
    const config = { capacity: 100, byteCapacity: 1 << 20 }
    const agent = await started(flowPlan({ channels: [{ name: 'c', type: 'memory', config }] }))
    agent.parts.sink('out').hold = true
    agent.parts.source('in').emit('a', 'b', 'c')
    await agent.settle()
    expect(await agent.stop(1000)).toEqual({ eventsLeft: 3 })
  })

  test('waits for batches on their way into the channels and takes no more', async () => {
    const agent = await started(flowPlan({ channels: [{ name: 'c', config: { manual: true } }] }))
    const source = agent.parts.source('in')
    const { accepted } = source.emit('a')
    await agent.settle()
    const stopping = agent.stop(60_000)
    await agent.settle()
    agent.parts.channel('c').commit()
    await accepted
    await stopping
    await expect(source.emit('late').accepted).rejects.toMatchObject({ code: 'FLM5101' })
  })
})

describe('readiness', () => {
  const two = () => {
    const agent = new TestPipeline()
    const other = flowPlan({ name: 'other', sources: [{ name: 'in2' }], sinks: [{ name: 'out2' }] })
    return { agent, plan: agentPlan(flowPlan(), other) }
  }

  test('comes when every flow runs or has failed, and stays while one takes events', async () => {
    const { agent, plan } = two()
    agent.parts.prepareSource = (source, name) => {
      if (name === 'in2') source.startError = failure('FLM3102')
    }
    expect(agent.pipeline.ready()).toBe(false)
    await agent.pipeline.apply(plan)
    await agent.settle()
    expect(agent.flow('other').state).toBe('failing')
    expect(agent.pipeline.ready()).toBe(true)
    agent.parts.prepareSource = (source) => {
      source.startError = failure('FLM3102')
    }
    agent.parts.source('in').context!.fail(failure('FLM3102'))
    await agent.pass(2000)
    expect(agent.pipeline.ready()).toBe(false)
    agent.parts.prepareSource = () => {}
    await agent.pass(60_000, 60)
    expect(agent.pipeline.ready()).toBe(true)
    await agent.stop()
  })

  test('waits for a flow that is on its way up, but not for ever', async () => {
    const { agent, plan } = two()
    const never = new Promise<void>(() => {})
    agent.parts.prepareSource = (source, name) => {
      if (name === 'in2') source.start = () => never
    }
    await agent.pipeline.apply(plan)
    await agent.settle()
    expect(agent.flow().state).toBe('running')
    expect(agent.pipeline.ready()).toBe(false)
    await agent.pass(SETTLE_MS + 1)
    expect(agent.pipeline.ready()).toBe(true)
    await agent.stop()
  })

  test('is not lost to a flow that comes later, and there without any flow', async () => {
    const { agent, plan } = two()
    await agent.pipeline.apply(agentPlan())
    expect(agent.pipeline.ready()).toBe(true)
    await agent.pipeline.apply(agentPlan(plan.flows[0]!))
    await agent.settle()
    agent.parts.prepareSource = (source) => {
      source.start = () => new Promise(() => {})
    }
    await agent.pipeline.apply(plan)
    await agent.settle()
    expect(agent.flow('other').state).toBe('starting')
    expect(agent.pipeline.ready()).toBe(true)
    await agent.stop()
  })
})
