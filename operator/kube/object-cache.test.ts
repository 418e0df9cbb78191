import { expect, onTestFinished, test } from 'vitest'
import { fakeCluster, until } from '../../test/kube/fixture.ts'
import { ObjectCache } from './object-cache.ts'
import type { ObjectCacheOptions } from './object-cache.ts'
import { RESOURCES } from './resources.ts'
import type { KubeObject } from './types.ts'

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

async function caching(more: Partial<ObjectCacheOptions<ConfigMap>> = {}) {
  const cluster = await fakeCluster()
  const cache = new ObjectCache<ConfigMap>({ ...cluster, type: RESOURCES.configMaps, ...more })
  onTestFinished(() => cache.stop())
  const changes: string[] = []
  const forget = cache.onChange(({ type, object, old }) => {
    changes.push(`${type} ${object.metadata.name}${old === undefined ? '' : ' had old'}`)
  })
  return { ...cluster, cache, changes, forget }
}

test('it has what the server has, by key and by index, without managedFields', async () => {
  const { cache, server } = await caching({
    indexers: { tier: ({ metadata }) => [metadata.labels?.['tier'] ?? 'none'] },
  })
  server.put('a', { labels: { tier: 'gold' } })
  server.put('b', { namespace: 'other' })
  cache.start()
  expect(cache.hasSynced).toBe(false)
  await cache.whenSynced()
  expect(cache.hasSynced).toBe(true)
  expect(cache.size).toBe(2)
  expect(cache.get('logs/a')!.metadata.managedFields).toBeUndefined()
  expect(cache.byIndex('tier', 'gold')).toEqual([cache.get('logs/a')])
  await until(() => server.watchers === 1)
  server.put('a')
  await until(() => cache.byIndex('tier', 'none').length === 2)
  expect(cache.byIndex('tier', 'gold')).toEqual([])
  expect(cache.list()).toHaveLength(2)
})

test('changes are told: the first list too, and deletions that only a new list shows', async () => {
  const { cache, server, changes, clock, forget } = await caching()
  server.put('a')
  server.put('b')
  cache.start()
  await until(() => server.watchers === 1)
  server.put('a', { data: { x: '1' } })
  await until(() => changes.length === 3)
  server.reset()
  await until(() => server.watchers === 0)
  server.remove('b')
  server.compact()
  while (changes.length < 4) {
    clock.advance(50)
    await new Promise(setImmediate)
  }
  expect(changes).toEqual(['added a', 'added b', 'updated a had old', 'deleted b had old'])
  forget()
  while (server.watchers === 0) {
    clock.advance(50)
    await new Promise(setImmediate)
  }
  server.put('c')
  await until(() => cache.size === 2)
  expect(changes).toHaveLength(4)
})

test('with several namespaces it has synced when all are listed, and sees no other', async () => {
  const { cache, server } = await caching({ namespaces: ['x', 'y'] })
  server.put('a', { namespace: 'x' })
  server.put('b', { namespace: 'y' })
  server.put('c', { namespace: 'z' })
  cache.start()
  await cache.whenSynced()
  expect(
    cache
      .list()
      .map(({ metadata }) => metadata.name)
      .sort(),
  ).toEqual(['a', 'b'])
  await until(() => server.watchers === 2)
  server.put('d', { namespace: 'z' })
  server.put('e', { namespace: 'y' })
  await until(() => cache.get('y/e') !== undefined)
  expect(cache.size).toBe(3)
  expect(cache.resourceVersion('y')).toBe(server.version)
  expect(cache.resourceVersion('x')).not.toBe(server.version)
})

test('a transform keeps what is read, of what is listed and of what is watched', async () => {
  const { cache, server } = await caching({
    transform: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }),
  })
  server.put('a', { data: { much: 'text' } })
  cache.start()
  await until(() => server.watchers === 1)
  server.put('b', { data: { much: 'text' } })
  await until(() => cache.size === 2)
  for (const each of cache.list()) expect(each.data).toBeUndefined()
})

test('a handler that throws is reported and keeps nobody from hearing', async () => {
  const { cache, server, log } = await caching()
  cache.onChange(() => {
    throw new Error('oops')
  })
  const heard: string[] = []
  cache.onChange(({ object }) => void heard.push(object.metadata.name))
  server.put('a')
  cache.start()
  await until(() => server.watchers === 1)
  expect(heard).toEqual(['a'])
  expect(log.lines.find(({ level }) => level === 'error')).toMatchObject({
    message: 'a handler of a change failed',
    fields: { kind: 'ConfigMap', namespace: 'logs', name: 'a' },
  })
})

test('how old it may be can be asked', async () => {
  const { cache, server, clock } = await caching()
  expect([cache.silentMs(), cache.resourceVersion()]).toEqual([Infinity, undefined])
  cache.start()
  await until(() => server.watchers === 1)
  clock.advance(700)
  expect([cache.silentMs(), cache.resourceVersion('logs')]).toEqual([700, server.version])
})
