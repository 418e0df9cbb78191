import { expect, test } from 'vitest'
import { clientOf, failureOf } from '../../test/kube/fixture.ts'
import { configMap, realParts, realServers } from '../../test/kube/real-server.ts'
import type { ConfigMap } from '../../test/kube/real-server.ts'
import {
  isAlreadyExists,
  isConflict,
  isDisruptionBudget,
  isExpired,
  isNamespaceTerminating,
  isNotFound,
} from './errors.ts'
import { RESOURCES } from './resources.ts'
import type { KubeObject } from './types.ts'

const real = realServers()
const { configMaps, pods, statefulSets, disruptionBudgets, namespaces } = RESOURCES

function pod(namespace: string, name: string): KubeObject {
  const metadata = { namespace, name, labels: { app: 'a' } }
  const containers = [{ name: 'c', image: 'none' }]
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } } as KubeObject
}

function statefulSet(namespace: string, container: object): KubeObject {
  const labels = { app: 'a' }
  const template = { metadata: { labels }, spec: { containers: [container] } }
  const spec = { serviceName: 'a', selector: { matchLabels: labels }, template }
  const metadata = { namespace, name: 'a' }
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec } as KubeObject
}

test('objects are made, read, listed in pages, changed and deleted', async (context) => {
  const { client, namespace } = await real(context)
  for (let i = 0; i < 7; i++) await client.create(configMaps, configMap(namespace, `m${i}`))
  const again = client.create(configMaps, configMap(namespace, 'm0'))
  expect(isAlreadyExists(await failureOf(again))).toBe(true)
  const sizes: number[] = []
  for await (const page of client.pages(configMaps, { namespace, pageItems: 3 }))
    sizes.push(page.items.length)
  expect(sizes).toEqual([3, 3, 1])
  const { items } = await client.list<ConfigMap>(configMaps, { namespace })
  expect(items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm0' } })
  const name = { namespace, name: 'm0' }
  const merge = { data: { x: '1' } }
  await client.patch(configMaps, name, { merge })
  await client.patch(configMaps, name, { json: [{ op: 'add', path: '/data/y', value: '2' }] })
  expect(await client.get<ConfigMap>(configMaps, name)).toMatchObject({ data: { x: '1', y: '2' } })
  expect(await client.delete(configMaps, name)).toBeUndefined()
  expect(isNotFound(await failureOf(client.get(configMaps, name)))).toBe(true)
})

test('preconditions hold: a version in a merge, the UID and the version of a deletion', async (context) => {
  const { client, namespace } = await real(context)
  const { metadata } = await client.create(configMaps, configMap(namespace, 'a'))
  const { uid, resourceVersion } = metadata
  await client.patch(configMaps, metadata, { merge: { data: { x: '1' } } })
  const old = { merge: { metadata: { resourceVersion }, data: { x: '2' } } }
  expect(isConflict(await failureOf(client.patch(configMaps, metadata, old)))).toBe(true)
  const wrong = { uid: '00000000-0000-0000-0000-000000000000' }
  expect(isConflict(await failureOf(client.delete(configMaps, metadata, wrong)))).toBe(true)
  const stale = { uid, resourceVersion }
  expect(isConflict(await failureOf(client.delete(configMaps, metadata, stale)))).toBe(true)
  await client.delete(configMaps, metadata, { uid })
})

test('what is kept by a finalizer is given back by its deletion', async (context) => {
  const { client, namespace } = await real(context)
  const finalizers = ['flume-operator.io/cleanup']
  const a = configMap(namespace, 'a')
  await client.create(configMaps, { ...a, metadata: { ...a.metadata, finalizers } })
  const kept = await client.delete(configMaps, a.metadata)
  expect(kept!.metadata.deletionTimestamp).toBeDefined()
  await client.patch(configMaps, a.metadata, { merge: { metadata: { finalizers: null } } })
  expect(isNotFound(await failureOf(client.get(configMaps, a.metadata)))).toBe(true)
})

test('apply owns what it sets: others conflict unless forced, what is left out goes', async (context) => {
  const { client, namespace } = await real(context)
  await client.apply(configMaps, configMap(namespace, 'a', { x: '1', y: '1' }))
  const other = { fieldManager: 'someone', force: false }
  const theirs = configMap(namespace, 'a', { x: '2' })
  expect(isConflict(await failureOf(client.apply(configMaps, theirs, other)))).toBe(true)
  const applied = await client.apply<ConfigMap>(configMaps, configMap(namespace, 'a', { x: '3' }))
  expect(applied.data).toEqual({ x: '3' })
  const dry = configMap(namespace, 'a', { x: '4' })
  expect(await client.apply<ConfigMap>(configMaps, dry, { dryRun: true })).toMatchObject({
    data: { x: '4' },
  })
  const same = await client.apply<ConfigMap>(configMaps, configMap(namespace, 'a', { x: '3' }))
  expect(same.metadata.resourceVersion).toBe(applied.metadata.resourceVersion)
})

test('a pod template that cannot be: unknown fields, wrong types and bad values are terminal', async (context) => {
  const { client, namespace } = await real(context)
  for (const [container, status] of [
    [{ name: 'c', image: 'i', nonsense: true }, 500],
    [{ name: 'c', image: 7 }, 500],
    [{ name: 'c', image: 'i', resources: { requests: { cpu: 'two' } } }, 500],
    [{ name: 'C', image: 'i' }, 422],
  ] as const) {
    const error = await failureOf(client.apply(statefulSets, statefulSet(namespace, container)))
    expect(error, JSON.stringify(container)).toMatchObject({
      code: 'FLM7103',
      status,
      retryable: false,
    })
  }
  const bad = statefulSet(namespace, { name: 'C', image: 'i' })
  expect(await failureOf(client.apply(statefulSets, bad))).toMatchObject({
    causes: [{ field: 'spec.template.spec.containers[0].name' }],
  })
})

test('an annotation of a pod goes through its status', async (context) => {
  const { client, namespace } = await real(context)
  const name = { namespace, name: 'a' }
  await client.create(pods, pod(namespace, 'a'))
  const annotations = { 'flume-operator.io/config': 'h1' }
  const merge = { metadata: { annotations } }
  await client.patch(pods, name, { merge }, { subresource: 'status' })
  expect((await client.get(pods, name)).metadata.annotations).toEqual(annotations)
})

test('an eviction goes by the disruption budget and by the UID', async (context) => {
  const { client, namespace } = await real(context)
  const name = { namespace, name: 'a' }
  const { uid } = (await client.create(pods, pod(namespace, 'a'))).metadata
  const running = { merge: { status: { phase: 'Running' } } }
  await client.patch(pods, name, running, { subresource: 'status' })
  const selector = { matchLabels: { app: 'a' } }
  const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: name }
  await client.create(disruptionBudgets, {
    ...budget,
    spec: { minAvailable: 1, selector },
  } as KubeObject)
  const error = await failureOf(client.evict(name))
  expect(isDisruptionBudget(error)).toBe(true)
  expect(error).toMatchObject({ status: 429, retryable: true })
  await client.delete(disruptionBudgets, name)
  const wrong = { uid: '00000000-0000-0000-0000-000000000000' }
  expect(isConflict(await failureOf(client.evict(name, wrong)))).toBe(true)
  await client.evict(name, { uid })
})

test('a version that is too old to watch from is known as such', async (context) => {
  const { client, plane } = await real(context)
  // Then its memory of changes begins anew.
  await plane.killApiServer()
  await plane.startApiServer()
  const watch = client.watch(configMaps, {
    resourceVersion: '1',
    signal: AbortSignal.timeout(60_000),
  })
  expect(isExpired(await failureOf(watch.next()))).toBe(true)
})

test('what may not be done is said with the reason, and may be allowed later', async (context) => {
  const { api, namespace } = await real(context)
  const nobody = {
    url: api.url,
    access: async () => ({ ...(await api.access()), headers: { 'impersonate-user': 'nobody' } }),
  }
  const error = await failureOf(clientOf(nobody, realParts()).list(configMaps, { namespace }))
  expect(error).toMatchObject({ status: 403, reason: 'Forbidden', retryable: true })
  expect((error as Error).message).toContain(
    `list configmaps in ${namespace}: the API server answered 403 Forbidden: configmaps is forbidden: User "nobody" cannot list resource "configmaps"`,
  )
})

test('in a namespace that ends nothing can be created, and that is known as such', async (context) => {
  const { client, namespace } = await real(context)
  await client.delete(namespaces, { name: namespace })
  const error = await failureOf(client.create(configMaps, configMap(namespace, 'a')))
  expect(isNamespaceTerminating(error)).toBe(true)
})
