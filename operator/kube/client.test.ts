import { describe, expect, test } from 'vitest'
import { failureOf, fakeCluster } from '../../test/kube/fixture.ts'
import { PAGE_ITEMS } from './client.ts'
import { isAlreadyExists, isConflict, isDisruptionBudget, isNotFound } from './errors.ts'
import { RESOURCES } from './resources.ts'
import type { KubeObject } from './types.ts'
import type { Write } from './writes.ts'

const { configMaps, pods } = RESOURCES
const a = { namespace: 'logs', name: 'a' }

function configMap(name: string): KubeObject & { readonly data: object } {
  const metadata = { namespace: 'logs', name }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { x: '1' } }
}

describe('reading', () => {
  test('an object that is not there is a NotFound', async () => {
    const { client } = await fakeCluster()
    const error = await failureOf(client.get(configMaps, a))
    expect(isNotFound(error)).toBe(true)
    expect(error).toMatchObject({
      message: 'get ConfigMap logs/a: the API server answered 404 NotFound: NotFound',
    })
  })

  test('a list has all pages, and its items know their kind', async () => {
    const { client, server } = await fakeCluster()
    for (let i = 0; i < 2 * PAGE_ITEMS + 1; i++) server.put(`m${i}`)
    const { items, resourceVersion } = await client.list(configMaps, { namespace: 'logs' })
    expect(items).toHaveLength(2 * PAGE_ITEMS + 1)
    expect(items[0]).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'm0' },
    })
    expect(resourceVersion).toBe(server.version)
    expect(server.count('list')).toBe(3)
    expect(server.seen[0]!.query.get('resourceVersion')).toBeNull()
  })

  test('a selection is asked of the server', async () => {
    const { client, server } = await fakeCluster()
    await client.list(configMaps, { labelSelector: 'a=b', fieldSelector: 'metadata.name=x' })
    expect(Object.fromEntries(server.seen[0]!.query)).toMatchObject({
      labelSelector: 'a=b',
      fieldSelector: 'metadata.name=x',
    })
  })

  test('an answer that is no object is an error', async () => {
    const { client, server } = await fakeCluster()
    for (const body of ['', 'null', '7', '<html>']) {
      server.fail('get', { status: 200, body })
      expect(await failureOf(client.get(configMaps, a))).toMatchObject({ code: 'FLM7105' })
    }
  })
})

describe('writing', () => {
  test('create, and again', async () => {
    const { client, server } = await fakeCluster()
    expect(await client.create(configMaps, configMap('a'))).toMatchObject({
      metadata: { name: 'a', resourceVersion: server.version },
    })
    expect(isAlreadyExists(await failureOf(client.create(configMaps, configMap('a'))))).toBe(true)
  })

  test('apply says who we are, and takes fields over unless told not to', async () => {
    const { client, server } = await fakeCluster()
    server.put('a')
    await client.apply(configMaps, configMap('a'))
    await client.apply(configMaps, configMap('a'), {
      force: false,
      fieldManager: 'other',
      dryRun: true,
    })
    const [first, second] = server.seen.map(({ query }) => Object.fromEntries(query))
    expect(first).toEqual({ fieldManager: 'flume-operator', force: 'true' })
    expect(second).toEqual({ fieldManager: 'other', force: 'false', dryRun: 'All' })
    expect(server.seen[0]!.headers['content-type']).toBe('application/apply-patch+yaml')
  })

  test('a patch with an old version is a conflict', async () => {
    const { client, server } = await fakeCluster()
    const { metadata } = server.put('a')
    server.put('a', { data: { y: '2' } })
    const merge = { metadata: { resourceVersion: metadata.resourceVersion }, data: { x: '1' } }
    expect(isConflict(await failureOf(client.patch(configMaps, a, { merge })))).toBe(true)
    await client.patch(configMaps, a, { merge: { data: { x: '1' } } })
    expect(await client.get(configMaps, a)).toMatchObject({ data: { x: '1', y: '2' } })
    await client.patch(configMaps, a, { json: [{ op: 'remove', path: '/data' }] })
    expect(server.seen.at(-1)!.headers['content-type']).toBe('application/json-patch+json')
  })

  test('subresources have their own path', async () => {
    const { client, server } = await fakeCluster()
    server.fail('PATCH', { status: 200, body: configMap('a') }, 2)
    await client.patch(pods, a, { merge: {} }, { subresource: 'status' })
    await client.apply(pods, { ...configMap('a'), kind: 'Pod' }, { subresource: 'status' })
    for (const { path } of server.seen) expect(path).toBe('/api/v1/namespaces/logs/pods/a/status')
  })

  test('delete takes preconditions and says whether the object is gone', async () => {
    const { client, server } = await fakeCluster()
    const { uid } = server.put('a').metadata
    expect(isConflict(await failureOf(client.delete(configMaps, a, { uid: 'another' })))).toBe(true)
    const propagationPolicy = 'Orphan'
    expect(await client.delete(configMaps, a, { uid, propagationPolicy })).toBeUndefined()
    expect(server.seen.at(-1)!.body).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid },
      propagationPolicy,
    })
    server.fail('DELETE', { status: 200, body: configMap('a') })
    expect(await client.delete(configMaps, a)).toMatchObject({ kind: 'ConfigMap' })
  })

  test('an eviction that the budget does not allow is told apart from overload', async () => {
    const { client, server } = await fakeCluster()
    const details = { causes: [{ reason: 'DisruptionBudget', message: 'needs 2 healthy pods' }] }
    const body = { kind: 'Status', reason: 'TooManyRequests', details }
    server.fail('POST', { status: 429, body })
    expect(isDisruptionBudget(await failureOf(client.evict(a, { uid: 'u' })))).toBe(true)
    expect(server.seen[0]).toMatchObject({
      path: '/api/v1/namespaces/logs/pods/a/eviction',
      body: {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: a,
        deleteOptions: { preconditions: { uid: 'u' } },
      },
    })
  })
})

describe('the guard', () => {
  test('is asked before and after every write, and not for dry runs', async () => {
    const asked: string[] = []
    const note = (when: string) => (write: Write) => void asked.push(`${when} ${write.verb}`)
    const { client, server } = await fakeCluster({ before: note('before'), after: note('after') })
    server.fail('POST', { status: 201, body: {} }, 2)
    server.put('a')
    await client.create(configMaps, configMap('b'))
    await client.apply(configMaps, configMap('a'))
    await client.patch(configMaps, a, { merge: {} })
    await client.delete(configMaps, a)
    await client.evict(a)
    await failureOf(client.apply(configMaps, configMap('gone')))
    const verbs = ['create', 'apply', 'patch', 'delete', 'evict', 'apply']
    expect(asked).toEqual(verbs.flatMap((verb) => [`before ${verb}`, `after ${verb}`]))
    server.put('a')
    await client.apply(configMaps, configMap('a'), { dryRun: true })
    await client.get(configMaps, a)
    await client.list(configMaps)
    expect(asked).toHaveLength(12)
  })

  test('that refuses keeps the request from being sent', async () => {
    const { client, server } = await fakeCluster({
      before: () => {
        throw new Error('not the leader')
      },
    })
    expect(await failureOf(client.create(configMaps, configMap('a')))).toEqual(
      new Error('not the leader'),
    )
    expect(server.seen).toEqual([])
  })

  test('that crashes after the write keeps its answer from the caller', async () => {
    const { client, server } = await fakeCluster({
      after: () => {
        throw new Error('crash')
      },
    })
    expect(await failureOf(client.create(configMaps, configMap('a')))).toEqual(new Error('crash'))
    expect(server.count('POST')).toBe(1)
    expect(await client.get(configMaps, a)).toMatchObject({ metadata: { name: 'a' } })
  })
})
