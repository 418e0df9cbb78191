import { expect, onTestFinished, test } from 'vitest'
import { clientOf } from '../../test/kube/fixture.ts'
import { FaultyProxy } from '../../test/kube/proxy.ts'
import type { EventFault, RequestFault } from '../../test/kube/proxy.ts'
import { configMap, eventually, realParts, realServers } from '../../test/kube/real-server.ts'
import type { ConfigMap, RealServer } from '../../test/kube/real-server.ts'
import { ManualClock } from '../../test/sim/clock.ts'
import { SeededRandom } from '../../test/sim/random.ts'
import { sleep, systemClock } from '../../agent/lib/clock.ts'
import type { Clock } from '../../agent/lib/clock.ts'
import { ObjectCache } from './object-cache.ts'
import { RESOURCES } from './resources.ts'
import { keyOf } from './types.ts'
import { SILENCE_MAX_MS } from './watch.ts'

/** Time-outs and back-offs pass twenty times as fast. */
const fastClock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 20,
  schedule: (run, delayMs) => systemClock.schedule(run, delayMs / 20),
}
/** Faults in one run; there are writes to the end. */
const FAULTS = 100

const real = realServers()
const { configMaps } = RESOURCES

/** A cache of the test's namespace behind a proxy, and what its handlers made of what they were told. */
async function behindProxy({ api, namespace }: RealServer, clock: Clock = systemClock) {
  const proxy = await FaultyProxy.start(api)
  const parts = { ...realParts(), clock }
  const client = clientOf(proxy.api, parts)
  const namespaces = [namespace]
  const cache = new ObjectCache<ConfigMap>({ ...parts, client, type: configMaps, namespaces })
  onTestFinished(async () => {
    proxy.thaw()
    await cache.stop()
    await proxy.close()
  })
  const mirror = new Map<string, ConfigMap>()
  const wrong: string[] = []
  cache.onChange(({ type, object, old }) => {
    const key = keyOf(object.metadata)
    if (mirror.get(key) !== old) wrong.push(`${type} ${key}: not the state before`)
    if (type === 'deleted') mirror.delete(key)
    else mirror.set(key, object)
  })
  return { proxy, cache, mirror, wrong }
}

type Behind = Awaited<ReturnType<typeof behindProxy>>

/** Resolves when the cache has exactly what the server has; what the handlers know is the same then. */
async function agree(
  { client, namespace }: RealServer,
  { cache, mirror, wrong }: Behind,
): Promise<void> {
  const { items } = await client.list<ConfigMap>(configMaps, { namespace })
  const versions = (objects: readonly ConfigMap[]): string[] =>
    objects.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).sort()
  const wanted = JSON.stringify(versions(items))
  await eventually(() => JSON.stringify(versions(cache.list())) === wanted)
  expect(versions([...mirror.values()])).toEqual(versions(items))
  expect(wrong).toEqual([])
}

/** Creates, changes and deletes at random. */
async function churn({ client, namespace }: RealServer, random: SeededRandom): Promise<void> {
  const name = `m${random.between(0, 15)}`
  const has = async (): Promise<boolean> => {
    const { items } = await client.list(configMaps, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
    })
    return items.length > 0
  }
  if (!(await has())) await client.create(configMaps, configMap(namespace, name, { n: '0' }))
  else if (random.chance(0.3)) await client.delete(configMaps, { namespace, name })
  else
    await client.patch(
      configMaps,
      { namespace, name },
      { merge: { data: { n: String(random.uint32()) } } },
    )
}

const REFUSALS: readonly RequestFault[] = [
  'reset',
  'loseAnswer',
  { status: 429, headers: { 'retry-after': '1' } },
  { status: 403, body: { kind: 'Status', reason: 'Forbidden' } },
  { status: 410, body: { kind: 'Status', reason: 'Expired' } },
  { status: 503 },
]

test('whatever breaks on the way, the cache ends up with what the server has', async (context) => {
  const server = await real(context)
  const seed = Number(process.env['KUBE_SEED'] ?? Date.now() % 1_000_000)
  console.log(`KUBE_SEED=${seed}`)
  const random = new SeededRandom(seed)
  const all = await behindProxy(server, fastClock)
  const { proxy, cache } = all
  const faults: number[] = []
  const happens = (probability: number): boolean => {
    const does = random.chance(probability)
    if (does) faults.push(proxy.requests.length)
    return does
  }
  proxy.onRequest = () => (happens(0.4) ? random.pick(REFUSALS) : undefined)
  proxy.onEvent = (): EventFault => {
    if (happens(0.1)) return 'tear'
    return happens(0.1) ? sleep(systemClock, random.between(1, 30)) : 'pass'
  }
  cache.start()
  while (faults.length < FAULTS) {
    await churn(server, random)
    if (happens(0.02)) proxy.reset()
  }
  proxy.onRequest = () => undefined
  proxy.onEvent = () => 'pass'
  await agree(server, all)
  console.log(`${faults.length} faults, ${proxy.requests.length} requests`)
})

test('an API server that is killed and comes back: nothing is missed', async (context) => {
  const server = await real(context)
  const all = await behindProxy(server)
  const { cache } = all
  const random = new SeededRandom(7)
  cache.start()
  for (let i = 0; i < 20; i++) await churn(server, random)
  await agree(server, all)
  await server.plane.killApiServer()
  await server.plane.startApiServer()
  for (let i = 0; i < 20; i++) await churn(server, random)
  await agree(server, all)
})

test('a network that is cut without a word is noticed by the silence', async (context) => {
  const server = await real(context)
  const clock = new ManualClock()
  const all = await behindProxy(server, clock)
  const { proxy, cache } = all
  cache.start()
  await eventually(() => proxy.count(({ isWatch }) => isWatch) === 1)
  await server.client.create(configMaps, configMap(server.namespace, 'before'))
  await eventually(() => cache.size === 1)
  proxy.freeze()
  await server.client.create(configMaps, configMap(server.namespace, 'meanwhile'))
  clock.advance(SILENCE_MAX_MS)
  await eventually(() => (clock.nextMs ?? Infinity) <= 200)
  clock.advance(200)
  await eventually(() => proxy.count(({ isWatch }) => isWatch) === 2)
  expect(cache.silentMs()).toBeGreaterThanOrEqual(SILENCE_MAX_MS)
  proxy.thaw()
  await agree(server, all)
  expect(proxy.count(({ isWatch }) => !isWatch)).toBe(1)
})

test('an event that is lost on the way is missing until the next list, which tells it', async (context) => {
  const server = await real(context)
  const { client, namespace } = server
  const all = await behindProxy(server)
  const { proxy, cache } = all
  await client.create(configMaps, configMap(namespace, 'a'))
  cache.start()
  await cache.whenSynced()
  proxy.onEvent = ({ type }) => (type === 'DELETED' ? 'drop' : 'pass')
  await eventually(() => proxy.count(({ isWatch }) => isWatch) === 1)
  await client.delete(configMaps, { namespace, name: 'a' })
  await client.create(configMaps, configMap(namespace, 'b'))
  await eventually(() => cache.get(`${namespace}/b`) !== undefined)
  expect(cache.get(`${namespace}/a`)).toBeDefined()
  proxy.onRequest = ({ isWatch }) => {
    if (!isWatch) return undefined
    proxy.onRequest = () => undefined
    return { status: 410, body: { kind: 'Status', reason: 'Expired' } }
  }
  proxy.reset()
  await agree(server, all)
})
