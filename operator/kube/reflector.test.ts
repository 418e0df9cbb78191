import { describe, expect, onTestFinished, test } from 'vitest'
import type { Fault } from '../../test/kube/fake-server.ts'
import { fakeCluster, until } from '../../test/kube/fixture.ts'
import { PAGE_ITEMS } from './client.ts'
import { REFLECTOR_BACKOFF, Reflector } from './reflector.ts'
import { RESOURCES } from './resources.ts'
import type { KubeObject } from './types.ts'
import { SILENCE_MAX_MS } from './watch.ts'

/** A reflector of ConfigMaps into a map of names, and what it did. */
async function reflecting() {
  const cluster = await fakeCluster()
  const names = new Map<string, KubeObject>()
  const calls: string[] = []
  const reflector = new Reflector<KubeObject>({
    ...cluster,
    type: RESOURCES.configMaps,
    selection: {},
    transform: (object) => object,
    target: {
      replace(objects) {
        names.clear()
        for (const each of objects) names.set(each.metadata.name, each)
        calls.push(`replace ${objects.length}`)
      },
      put(object) {
        names.set(object.metadata.name, object)
        calls.push(`put ${object.metadata.name}`)
      },
      delete(object) {
        names.delete(object.metadata.name)
        calls.push(`delete ${object.metadata.name}`)
      },
    },
  })
  onTestFinished(() => reflector.stop())
  return { ...cluster, reflector, names, calls }
}

type Reflecting = Awaited<ReturnType<typeof reflecting>>

/** Lets time pass, in steps far below any limit but the back-off, until it is so. */
async function pass({ clock }: Reflecting, condition: () => boolean): Promise<void> {
  while (!condition()) {
    clock.advance(50)
    await new Promise(setImmediate)
  }
}

/** Started, listed, watching. */
async function watching(names: readonly string[] = []): Promise<Reflecting> {
  const all = await reflecting()
  for (const name of names) all.server.put(name)
  all.reflector.start()
  await until(() => all.server.watchers === 1)
  return all
}

test('it lists, then hears every change from there', async () => {
  const all = await watching(['a', 'b'])
  const { server, calls, reflector } = all
  server.put('c')
  server.put('a', { data: {} })
  server.remove('b')
  await until(() => calls.length === 4)
  expect(calls).toEqual(['replace 2', 'put c', 'put a', 'delete b'])
  expect(reflector.resourceVersion).toBe(server.version)
  expect([server.count('list'), server.count('watch')]).toEqual([1, 1])
})

test('a bookmark moves on where it would go on from', async () => {
  const { server, reflector, calls } = await watching(['a'])
  server.bookmark()
  await until(() => reflector.resourceVersion === server.version)
  server.endWatches()
  await until(() => server.count('watch') === 2)
  expect(server.seen.at(-1)!.query.get('resourceVersion')).toBe(server.version)
  expect(calls).toEqual(['replace 1'])
})

test('a watch that the server ends goes on at once, without a new list', async () => {
  const { server, calls, clock } = await watching()
  for (let i = 1; i <= 5; i++) {
    server.put(`m${i}`)
    await until(() => calls.length === i + 1)
    server.endWatches()
    await until(() => server.count('watch') === i + 1 && server.watchers === 1)
  }
  expect(server.count('list')).toBe(1)
  expect(clock.monotonic()).toBe(0)
})

describe('it goes on from where it was, and misses nothing', () => {
  const refusal = (status: number, headers: Record<string, string> = {}): Fault => ({
    status,
    headers,
    body: { kind: 'Status', reason: 'x', message: 'x' },
  })
  const events: readonly (readonly [string, Fault])[] = [
    ['a reset', 'reset'],
    ['403', refusal(403)],
    ['401', refusal(401)],
    ['429', refusal(429, { 'retry-after': '1' })],
    ['500', refusal(500)],
    ['503', refusal(503)],
    ['a watch that ends at once', 'end'],
    ['nonsense', { raw: 'nonsense\n', after: 'silence' }],
    ['half a line, then a reset', { raw: '{"type":"ADD', after: 'reset' }],
    ['half a line, then the end', { raw: '{"type":"ADD', after: 'end' }],
    ['an ERROR event', { raw: '{"type":"ERROR","object":{"code":500}}\n', after: 'silence' }],
  ]
  for (const [name, fault] of events)
    test(`after ${name}`, async () => {
      const all = await watching(['a'])
      const { server, names } = all
      server.fail('watch', fault, 3)
      server.reset()
      await until(() => server.watchers === 0)
      server.put('b')
      server.remove('a')
      await pass(all, () => names.has('b') && !names.has('a'))
      expect(server.count('list')).toBe(1)
    })

  test('after silence: of the watch, and of the one that follows', async () => {
    const all = await watching(['a'])
    const { server, names, clock } = all
    server.fail('watch', { raw: '', after: 'silence' })
    server.fail('watch', 'silence')
    const watches = () => server.count('watch')
    await until(() => clock.nextMs === SILENCE_MAX_MS)
    clock.advance(SILENCE_MAX_MS)
    await pass(all, () => watches() >= 4)
    server.put('b')
    await pass(all, () => names.has('b'))
    expect(server.count('list')).toBe(1)
  })
})

describe('it lists anew', () => {
  const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }
  for (const [name, fault] of [
    ['410 as the answer to the watch', { status: 410, body: expired }],
    [
      '410 as an event of the watch',
      { raw: `${JSON.stringify({ type: 'ERROR', object: expired })}\n`, after: 'silence' },
    ],
  ] as const satisfies (readonly [string, Fault])[])
    test(`after ${name}`, async () => {
      const all = await watching(['a', 'b'])
      const { server, names, calls } = all
      server.fail('watch', fault)
      server.reset()
      await until(() => server.watchers === 0)
      server.remove('a')
      server.compact()
      await pass(all, () => calls.filter((each) => each.startsWith('replace')).length === 2)
      expect([...names.keys()]).toEqual(['b'])
      await pass(all, () => server.watchers === 1)
    })

  test('in one page when changes outrun the paging, and in pages the next time', async () => {
    const all = await reflecting()
    const { server, names, reflector } = all
    for (let i = 0; i <= PAGE_ITEMS; i++) server.put(`m${i}`)
    server.fail('list', {
      status: 200,
      body: { metadata: { resourceVersion: '1', continue: '200/1' }, items: [] },
    })
    server.compact()
    reflector.start()
    await pass(all, () => server.watchers === 1)
    expect(names.size).toBe(PAGE_ITEMS + 1)
    const limits = server.seen
      .filter(({ verb }) => verb === 'list')
      .map(({ query }) => query.get('limit'))
    expect(limits).toEqual(['200', '200', null])
    server.reset()
    await until(() => server.watchers === 0)
    server.put('more')
    server.compact()
    await pass(all, () => names.has('more'))
    expect(server.seen.findLast(({ verb }) => verb === 'list')!.query.get('limit')).toBe('200')
  })

  test('after several watches in a row that failed: the version may be at fault', async () => {
    const all = await watching()
    const { server } = all
    server.fail('watch', { status: 500 }, 5)
    server.reset()
    await pass(all, () => server.watchers === 1 && server.count('list') === 2)
  })
})

describe('a list', () => {
  for (const fault of [
    'reset',
    { status: 403 },
    { status: 500 },
    { status: 200, body: '<' },
  ] as const)
    test(`that fails is tried again: ${JSON.stringify(fault)}`, async () => {
      const all = await reflecting()
      all.server.fail('list', fault, 3)
      all.reflector.start()
      expect(all.reflector.hasListed).toBe(false)
      await pass(all, () => all.server.watchers === 1)
      expect(all.reflector.hasListed).toBe(true)
      expect(all.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(2)
    })

  test('that fails on its second page is begun anew; what the first one had is not told', async () => {
    const all = await reflecting()
    const { server, calls } = all
    for (let i = 0; i <= PAGE_ITEMS; i++) server.put(`m${i}`)
    server.fail('list', 'reset', 1)
    all.reflector.start()
    await pass(all, () => server.watchers === 1)
    expect(calls).toEqual([`replace ${PAGE_ITEMS + 1}`])
  })
})

test('failures are repeated with growing delays up to the longest, and as late as the server wants', async () => {
  const all = await reflecting()
  const { server, clock, reflector } = all
  server.fail('list', 'reset', 12)
  server.fail('list', { status: 429, headers: { 'retry-after': '100' } })
  reflector.start()
  const delays: number[] = []
  for (let i = 1; i <= 13; i++) {
    await until(() => server.count('list') === i && (clock.nextMs ?? Infinity) !== 30_000)
    await until(() => all.log.lines.length === i)
    await until(() => clock.pending === 1)
    delays.push(clock.nextMs!)
    clock.advance(clock.nextMs!)
  }
  expect(delays[0]).toBeLessThanOrEqual(REFLECTOR_BACKOFF.minMs)
  expect(delays[0]).toBeGreaterThanOrEqual(REFLECTOR_BACKOFF.minMs * 0.75)
  expect(delays[11]).toBeGreaterThanOrEqual(REFLECTOR_BACKOFF.maxMs * 0.75)
  expect(Math.max(...delays.slice(0, 12))).toBeLessThanOrEqual(REFLECTOR_BACKOFF.maxMs)
  expect(delays[12]).toBe(100_000)
  await until(() => server.watchers === 1)
})

test('how long the server was silent can be asked', async () => {
  const { reflector, clock, server } = await watching()
  expect(reflector.silentMs).toBe(0)
  clock.advance(5000)
  expect(reflector.silentMs).toBe(5000)
  server.bookmark()
  await until(() => reflector.silentMs === 0)
})

test('stopped in whatever state, it asks for nothing more', async () => {
  const stopped = async (all: Reflecting): Promise<void> => {
    await all.reflector.stop()
    const before = all.server.seen.length
    all.clock.advance(3_600_000)
    await new Promise(setImmediate)
    expect(all.server.seen.length).toBe(before)
    await until(() => all.server.watchers === 0)
    expect(all.clock.pending).toBe(0)
  }
  await stopped(await reflecting())
  await stopped(await watching())
  const listing = await reflecting()
  listing.server.fail('list', 'silence')
  listing.reflector.start()
  await until(() => listing.server.count('list') === 1)
  await stopped(listing)
  const pausing = await reflecting()
  pausing.server.fail('list', 'reset')
  pausing.reflector.start()
  await until(() => pausing.log.lines.length === 1)
  await stopped(pausing)
})
