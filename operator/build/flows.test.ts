import { describe, expect, test } from 'vitest'
import { deliver, deliveredData } from '../../agent/config/delivered.ts'
import type { ConfigMap, PoolObservation } from '../api/live.ts'
import { agent, flow, pool } from '../../test/operator/objects.ts'
import { LABELS } from '../api/constants.ts'
import type { FlumeFlow } from '../api/types.ts'
import { decideFlows } from './flows.ts'

const decide = (observed: PoolObservation) =>
  decideFlows(observed).map(
    ({ flow: { metadata }, accepted, resolvedRefs, delivered, isCurrent }) => ({
      name: metadata.name,
      accepted: accepted.reason,
      resolvedRefs: resolvedRefs.reason,
      generation: delivered?.generation,
      isCurrent,
      message: `${accepted.message}${resolvedRefs.message}`,
    }),
  )

const hub = { agentRef: { name: 'hub' } }

/** What an earlier reconciliation left. */
function stored(...flows: readonly FlumeFlow[]): ConfigMap {
  const delivered = flows.map((each) =>
    deliver(each, { generation: each.metadata.generation!, hops: {} }),
  )
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'hub-config' },
    data: deliveredData('hub', delivered),
  }
}

describe('a flow', () => {
  test('without mistakes is delivered as it is', () => {
    expect(decide(pool('hub', { flows: [flow('web', hub)] }))).toEqual([
      {
        name: 'web',
        accepted: 'Accepted',
        resolvedRefs: 'ResolvedRefs',
        generation: 1,
        isCurrent: true,
        message: '',
      },
    ])
  })

  test('with mistakes is told field and cure, and its last good version goes on', () => {
    const bad = flow('web', { ...hub, sinks: [{ name: 'out', fiel: {} }] }, { generation: 2 })
    const [first] = decide(pool('hub', { flows: [bad], objects: [stored(flow('web', hub))] }))
    expect(first).toMatchObject({ accepted: 'Invalid', generation: 1, isCurrent: false })
    expect(first!.message).toContain(
      'FLM1203 spec.sinks[0].fiel: unknown key. Did you mean "file"?',
    )
    expect(decide(pool('hub', { flows: [bad] }))[0]).toMatchObject({ generation: undefined })
  })

  test('is not held up by another one with mistakes', () => {
    const flows = [flow('bad', { ...hub, sinks: [] }), flow('web', hub)]
    expect(decide(pool('hub', { flows }))).toMatchObject([
      { accepted: 'Invalid' },
      { name: 'web', isCurrent: true },
    ])
  })

  test('that names no agent has a pool of its own, unless the name is taken', () => {
    const flows = [flow('web')]
    const own = agent('web', {}, { labels: { [LABELS.forFlow]: 'uid-of-web' } })
    expect(decide(pool('web', { flows, agent: own }))[0]).toMatchObject({ isCurrent: true })
    expect(decide(pool('web', { flows }))[0]).toMatchObject({
      accepted: 'AgentNameTaken',
      resolvedRefs: 'NotAccepted',
    })
  })

  test('that names an agent that is not there, or is going, is told so', () => {
    const flows = [flow('web', hub)]
    expect(decide({ ...pool('hub', { flows }), agent: undefined })[0]).toMatchObject({
      accepted: 'AgentNotFound',
    })
    const going = agent('hub', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })
    expect(decide(pool('hub', { flows, agent: going }))[0]).toMatchObject({
      accepted: 'AgentNotFound',
    })
  })
})

describe('of two flows on one port', () => {
  const older = flow('z', hub, { creationTimestamp: '2026-01-01T00:00:00Z' })
  const younger = flow('a', hub, { creationTimestamp: '2026-01-02T00:00:00Z' })

  test('the older one has it', () => {
    expect(decide(pool('hub', { flows: [younger, older] }))).toMatchObject([
      { name: 'z', accepted: 'Accepted' },
      { name: 'a', accepted: 'PortConflict', generation: undefined },
    ])
  })

  test('the younger one keeps its last good version at another port', () => {
    const before = flow('a', { ...hub, sources: [{ name: 'in', avro: { port: 4142 } }] })
    const after = { ...younger, metadata: { ...younger.metadata, generation: 2 } }
    const observed = pool('hub', { flows: [after, older], objects: [stored(before, older)] })
    expect(decide(observed)[1]).toMatchObject({ accepted: 'PortConflict', generation: 1 })
  })

  test('not even the last good version keeps a port that an older flow has now', () => {
    const observed = pool('hub', { flows: [younger, older], objects: [stored(younger)] })
    expect(decide(observed)[1]).toMatchObject({ generation: undefined })
  })

  test('the port of the agent itself, and any free one, are no ports for a source', () => {
    const at = (port: number) => flow('web', { ...hub, sources: [{ name: 'in', avro: { port } }] })
    for (const port of [8081, 0])
      expect(decide(pool('hub', { flows: [at(port)] }))[0]).toMatchObject({
        accepted: 'PortConflict',
      })
  })
})

test('flows that are too large together: the older ones stay', () => {
  const interceptors = Array.from({ length: 16 }, (_, i) => ({
    static: { key: `k${i}`, value: 'x'.repeat(800) },
  }))
  const sources = Array.from({ length: 32 }, (_, i) => ({ name: `s${i}`, seq: {}, interceptors }))
  const large = (name: string, day: number) =>
    flow(name, { ...hub, sources }, { creationTimestamp: `2026-01-0${day}T00:00:00Z` })
  const flows = [large('a', 3), large('b', 1), large('c', 2)]
  expect(decide(pool('hub', { flows }))).toMatchObject([
    { name: 'b', accepted: 'Accepted' },
    { name: 'c', accepted: 'Accepted' },
    { name: 'a', accepted: 'PoolTooLarge', generation: undefined },
  ])
})

describe('a hop', () => {
  const edge = flow('edge', {
    sinks: [{ name: 'next', agent: { name: 'hub' } }],
    agentRef: { name: 'front' },
  })
  const target = (parts: Partial<PoolObservation['targets'][number]> = {}) => ({
    name: 'hub',
    agent: agent('hub'),
    flows: [flow('collect', hub)],
    configMap: undefined,
    ...parts,
  })
  const hopsOf = (targets: PoolObservation['targets']) => {
    const [decided] = decideFlows(pool('front', { flows: [edge], targets }))
    return { hops: decided!.delivered?.hops, ...decided!.resolvedRefs }
  }

  test('leads to the Service of the pods that are ready, at the port of the source', () => {
    expect(hopsOf([target()])).toMatchObject({
      hops: { next: { host: 'hub-ready.logs.svc', port: 4141 } },
      reason: 'ResolvedRefs',
    })
  })

  test('to a pool that is not there, or that takes no events, is not resolved', () => {
    expect(hopsOf([target({ agent: undefined })])).toMatchObject({
      hops: undefined,
      reason: 'HopNotFound',
    })
    expect(hopsOf([target({ flows: [] })]).message).toContain(
      'has no avro source to take the events',
    )
  })

  test('goes on to what the target runs while its flow has mistakes', () => {
    const bad = flow('collect', { ...hub, sinks: [] }, { generation: 2 })
    const before = flow('collect', { ...hub, sources: [{ name: 'in', avro: { port: 4999 } }] })
    expect(hopsOf([target({ flows: [bad], configMap: stored(before) })])).toMatchObject({
      hops: { next: { port: 4999 } },
    })
  })

  test('whose ends differ is not resolved', () => {
    const deflate = flow('collect', {
      ...hub,
      sources: [{ name: 'in', avro: { port: 4141, compression: 'deflate' } }],
    })
    expect(hopsOf([target({ flows: [deflate] })])).toMatchObject({ reason: 'HopMismatch' })
  })

  test('to a source of an own pool whose name is taken does not count', () => {
    const own = flow('hub')
    expect(hopsOf([target({ flows: [own] })])).toMatchObject({ reason: 'HopNotFound' })
  })
})
