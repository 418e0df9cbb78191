import { expect, test } from 'vitest'
import { agent, flow, pod } from '../../test/operator/objects.ts'
import { testParts } from '../../test/operator/parts.ts'
import { ANNOTATIONS } from '../api/constants.ts'
import { poolLabels } from '../api/pool-labels.ts'
import { BY_POOL, BY_TARGET, poolKeyOfObject, slimPod } from './caches.ts'

test('flows are found by their pool, and by those that they hand events to', async () => {
  const edge = flow('edge', { sinks: [{ name: 'next', agent: { name: 'hub' } }] })
  const { parts } = await testParts(edge, flow('web', { agentRef: { name: 'hub' } }), agent('hub'))
  const found = (index: string) =>
    parts.caches.flows.byIndex(index, 'logs/hub').map(({ metadata }) => metadata.name)
  expect([found(BY_POOL), found(BY_TARGET)]).toEqual([['web'], ['edge']])
})

test('what is not labelled as the operator made it is not seen', async () => {
  const account = (name: string, labels: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: 'logs', labels },
  })
  const { parts } = await testParts(account('ours', poolLabels('hub', 'u')), account('theirs', {}))
  expect(parts.caches.serviceAccounts.list().map(({ metadata }) => metadata.name)).toEqual(['ours'])
})

test('of a pod what is read is kept', () => {
  const full = pod('hub', 0)
  const { metadata, status } = slimPod({
    ...full,
    metadata: { ...full.metadata, annotations: { [ANNOTATIONS.config]: 'hash', other: 'x' } },
  })
  expect(metadata.annotations).toEqual({ [ANNOTATIONS.config]: 'hash' })
  expect(metadata).toMatchObject({ name: 'hub-0', uid: 'pod-hub-0' })
  expect(status).toEqual(full.status)
  expect(slimPod({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } })).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x' },
    spec: {},
    status: {},
  })
})

test('an object leads to its pool', () => {
  expect(poolKeyOfObject(pod('hub', 0))).toEqual(['logs/hub'])
  expect(poolKeyOfObject({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } })).toEqual([])
})
