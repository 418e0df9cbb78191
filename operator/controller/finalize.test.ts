import { expect, test } from 'vitest'
import { agent, pod } from '../../test/operator/objects.ts'
import { testParts } from '../../test/operator/parts.ts'
import { FINALIZER, FLUME_AGENTS, LABELS } from '../api/constants.ts'
import { poolLabels } from '../api/pool-labels.ts'
import { RESOURCES } from '../kube/resources.ts'
import { finalize } from './finalize.ts'

const going = agent(
  'hub',
  {},
  { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [FINALIZER] },
)
const labels = poolLabels('hub', 'uid-of-hub')
const metadata = { namespace: 'logs', labels }
const statefulSet = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { ...metadata, name: 'hub' },
}
const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...metadata, name: 'hub' } }
const claim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { ...metadata, name: 'data-hub-0' },
}
const namespace = (deletionTimestamp?: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'logs', ...(deletionTimestamp && { deletionTimestamp }) },
})
const member = {
  ...pod('hub', 0),
  metadata: { ...pod('hub', 0).metadata, labels: { ...labels, 'controller-revision-hash': 'new' } },
}

test('the pods go first, then the rest, then the finalizer; never the claims', async () => {
  const { parts, api, observe, key, caughtUp, client, told } = await testParts(
    going,
    statefulSet,
    account,
    claim,
    member,
  )
  api.refuse('GET namespaces/logs', { code: 403, reason: 'Forbidden' })
  const step = async () => {
    await caughtUp('hub')
    return finalize(parts, key('hub'), observe('hub'), going)
  }
  expect(await step()).toBe('waiting for hub-0 to stop')
  expect(api.writes).toEqual(['DELETE statefulsets/hub'])
  expect(await step()).toBe('waiting for hub-0 to stop')
  await client.delete(RESOURCES.pods, { namespace: 'logs', name: 'hub-0' })
  while (observe('hub').pods.length > 0) await new Promise(setImmediate)
  expect(await step()).toBe('the objects of the pool are being removed')
  expect(await step()).toBeUndefined()
  expect(api.writes.filter((each) => each.includes('persistentvolumeclaims'))).toEqual([])
  expect(api.writes.at(-1)).toBe('PATCH flumeagents/hub')
  expect(told).toEqual([
    'FlumeAgent hub Normal VolumesKept: The volumes are kept: data-hub-0. A FlumeAgent hub made anew has them again',
  ])
})

test('what belongs to a later FlumeAgent of the same name stays', async () => {
  const other = {
    ...account,
    metadata: { ...account.metadata, labels: { ...labels, [LABELS.agentUid]: 'later' } },
  }
  const { parts, api, observe, key, get } = await testParts(going, other)
  api.refuse('GET namespaces/logs', { code: 403, reason: 'Forbidden' })
  expect(await finalize(parts, key('hub'), observe('hub'), going)).toBeUndefined()
  expect(get(RESOURCES.serviceAccounts, 'hub')).toBeDefined()
  expect(get(FLUME_AGENTS, 'hub')).toBeUndefined()
})

test('what no cache shows is asked for before the finalizer goes', async () => {
  const { parts, api, observe, key, get, told } = await testParts(going, account)
  api.refuse('GET namespaces/logs', { code: 403, reason: 'Forbidden' })
  const blind = { ...observe('hub'), objects: [] }
  expect(await finalize(parts, key('hub'), blind, going)).toBe(
    'the objects of the pool are being removed',
  )
  expect(get(RESOURCES.serviceAccounts, 'hub')).toBeUndefined()
  expect(get(FLUME_AGENTS, 'hub')).toBeDefined()
  expect(told).toEqual([])
})

test('in a namespace that is being deleted it goes at once', async () => {
  const { parts, api, observe, key, told, client } = await testParts(going, statefulSet)
  await client.create(RESOURCES.namespaces, namespace('2026-01-01T00:00:00Z'))
  api.writes.length = 0
  expect(await finalize(parts, key('hub'), observe('hub'), going)).toBeUndefined()
  expect(api.writes).toEqual(['PATCH flumeagents/hub'])
  expect(told[0]).toContain('Namespace logs Warning NotDrained')
})

test('without our finalizer there is nothing to do', async () => {
  const { parts, api, observe, key } = await testParts(statefulSet)
  const others = agent('hub', {}, { deletionTimestamp: 'now', finalizers: ['example.com/mine'] })
  expect(await finalize(parts, key('hub'), observe('hub'), others)).toBeUndefined()
  expect(api.writes).toEqual([])
})
