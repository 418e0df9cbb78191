import { describe, expect, test } from 'vitest'
import { agentPlan, failure, flowPlan } from '../../test/sim/flow-parts.ts'
import type { TestSink } from '../../test/sim/flow-parts.ts'
import { TestPipeline } from '../../test/sim/test-pipeline.ts'
import { FlumeError } from '../core/errors.ts'
import { failoverSinkGroupSchema } from '../sink-groups/failover/config.ts'

const priorities = [
  { sink: 'first', priority: 2 },
  { sink: 'second', priority: 1 },
]
const failover = failoverSinkGroupSchema.parse({ priorities, timeout: '5s', maxPenalty: '10s' })

/** Two sinks that stand in for each other, and a channel for dead letters. */
async function started(prepare: (sink: TestSink, name: string) => void) {
  const agent = new TestPipeline()
  agent.parts.prepareSink = prepare
  const plan = flowPlan({
    channels: [{ name: 'c' }, { name: 'd' }],
    sources: [{ channels: ['c'] }],
    sinks: [{ name: 'first' }, { name: 'second' }, { name: 'dead', channel: 'd' }],
    sinkGroups: [
      { name: 'out', type: 'failover', config: failover, sinks: ['first', 'second'] },
      { name: 'dead', type: 'single', config: { backoffMin: 1, backoffMax: 1 }, sinks: ['dead'] },
    ],
    deadLetterChannel: 'd',
  })
  await agent.pipeline.apply(agentPlan(plan))
  await agent.pass(200)
  return agent
}

const refuse = (bodies: readonly string[]): FlumeError | undefined =>
  bodies.includes('bad')
    ? new FlumeError('FLM4201', 'the test refuses this', { retryable: false })
    : undefined
const of = ({ parts }: TestPipeline, name: string): string[] =>
  parts.sinks.get(name)!.flatMap((sink) => sink.delivered)

describe('a sink of a group that will never take some events', () => {
  test('stays the live one: it is there, the events are to blame', async () => {
    const agent = await started((sink, name) => {
      if (name === 'first') sink.answer = refuse
    })
    await agent.parts.source('in').emit('a', 'bad', 'b').safe
    await agent.pass(2000, 40)
    await agent.parts.source('in').emit('c').safe
    await agent.pass(500)
    expect([of(agent, 'first'), of(agent, 'second'), of(agent, 'dead')]).toEqual([
      ['a', 'b', 'c'],
      [],
      ['bad'],
    ])
    expect(agent.flow().sinks[0]!.health).toMatchObject({ live: true, failures: 0 })
    await agent.stop()
  })

  test('that is tried again after a failure is back by such an answer too', async () => {
    const faults: { error: FlumeError | undefined } = { error: failure('FLM4201') }
    const agent = await started((sink, name) => {
      if (name === 'first') sink.answer = (bodies) => faults.error ?? refuse(bodies)
    })
    await agent.parts.source('in').emit('a').safe
    await agent.pass(500)
    expect(of(agent, 'second')).toEqual(['a'])
    faults.error = undefined
    await agent.pass(4000, 20)
    // The second one waits for the next event already; the one after it is for the first to try.
    await agent.parts.source('in').emit('next').safe
    await agent.pass(500)
    await agent.parts.source('in').emit('bad').safe
    await agent.pass(1000, 20)
    await agent.parts.source('in').emit('b').safe
    await agent.pass(1000, 20)
    expect([of(agent, 'first'), of(agent, 'dead')]).toEqual([['b'], ['bad']])
    await agent.stop()
  })

  test('and goes away while they are looked for leaves the rest to the other', async () => {
    let writes = 0
    const agent = await started((sink, name) => {
      if (name === 'first')
        sink.answer = (bodies) => (writes++ === 0 ? refuse(bodies) : failure('FLM4201'))
      if (name === 'second') sink.answer = refuse
    })
    await agent.parts.source('in').emit('a', 'b', 'bad', 'c').safe
    await agent.pass(3000, 60)
    expect([of(agent, 'second'), of(agent, 'dead')]).toEqual([['a', 'b', 'c'], ['bad']])
    await agent.stop()
  })

  test('and hangs while they are looked for: the others take over what comes next', async () => {
    const agent = await started((sink, name) => {
      if (name !== 'first') return
      sink.answer = (bodies) => {
        // The second write is the first of the triage.
        sink.hold = true
        return refuse(bodies)
      }
    })
    await agent.parts.source('in').emit('a', 'bad').safe
    await agent.pass(100)
    // A new sink was made after the failure; it hangs on its first write.
    for (const sink of agent.parts.sinks.get('first')!) sink.hold = true
    await agent.pass(7000, 70)
    await agent.parts.source('in').emit('next').safe
    await agent.pass(1000, 10)
    expect(of(agent, 'second')).toEqual(['next'])
    await agent.stop()
  })
})
