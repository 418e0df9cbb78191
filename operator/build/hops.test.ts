import { expect, test } from 'vitest'
import { agent, flow, pool } from '../../test/operator/objects.ts'
import { resolveHops } from './hops.ts'
import { manifestOf } from './manifests.ts'

const edge = flow('edge', {
  agentRef: { name: 'front' },
  sinks: [
    { name: 'a', agent: { name: 'hub', source: 'collect/second' } },
    { name: 'b', null: {} },
  ],
})
const collect = flow('collect', {
  agentRef: { name: 'hub' },
  sources: [
    { name: 'first', avro: { port: 1111 } },
    { name: 'second', avro: { port: 2222 } },
  ],
})

test('a sink that names one of several sources gets the port of that one', () => {
  const target = { name: 'hub', agent: agent('hub'), flows: [collect], configMap: undefined }
  expect(resolveHops(pool('front', { targets: [target] }), manifestOf(edge))).toEqual({
    hops: { a: { host: 'hub-ready.logs.svc', port: 2222 } },
    problem: undefined,
  })
})

test('a pool that is going takes nothing more', () => {
  const going = agent('hub', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })
  const target = { name: 'hub', agent: going, flows: [collect], configMap: undefined }
  expect(resolveHops(pool('front', { targets: [target] }), manifestOf(edge)).problem).toEqual({
    status: 'False',
    reason: 'HopNotFound',
    message: 'sink a: there is no FlumeAgent "hub" in the namespace. Create it, or name another',
  })
})

test('a flow that hands nothing on needs nobody', () => {
  expect(resolveHops(pool('hub'), manifestOf(collect))).toEqual({ hops: {}, problem: undefined })
})
