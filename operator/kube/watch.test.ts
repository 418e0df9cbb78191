import { describe, expect, test } from 'vitest'
import { failureOf, fakeCluster, until } from '../../test/kube/fixture.ts'
import type { Fault } from '../../test/kube/fake-server.ts'
import { RESOURCES } from './resources.ts'
import { SILENCE_MAX_MS } from './watch.ts'

type Cluster = Awaited<ReturnType<typeof fakeCluster>>

/** Watches from the start; what is told is put into `events`, in short. */
function watch({ client }: Cluster, signal = new AbortController().signal) {
  const events: string[] = []
  const run = async (): Promise<void> => {
    const options = { resourceVersion: '100', signal }
    for await (const event of client.watch(RESOURCES.configMaps, options)) {
      const what = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.name
      events.push(`${event.type} ${what}`)
    }
  }
  return { events, ended: run() }
}

async function failing(fault: Fault) {
  const cluster = await fakeCluster()
  cluster.server.fail('watch', fault)
  const { events, ended } = watch(cluster)
  return { error: await failureOf(ended), events }
}

const line = (object: unknown): string => `${JSON.stringify(object)}\n`
const added = line({ type: 'ADDED', object: { metadata: { name: 'a', resourceVersion: '1' } } })

test('events come in order, bookmarks with their version, until the server ends it', async () => {
  const cluster = await fakeCluster()
  const { server } = cluster
  const { events, ended } = watch(cluster)
  await until(() => server.watchers === 1)
  server.put('a')
  server.put('a', { data: { x: '1' } })
  server.remove('a')
  server.bookmark()
  server.endWatches()
  await ended
  expect(events).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', `BOOKMARK ${server.version}`])
  const { query } = server.seen[0]!
  expect(query.get('allowWatchBookmarks')).toBe('true')
  const seconds = Number(query.get('timeoutSeconds'))
  expect(seconds >= 300 && seconds <= 600).toBe(true)
})

test('it ends without an error when it is called off', async () => {
  const cluster = await fakeCluster()
  const call = new AbortController()
  const { ended } = watch(cluster, call.signal)
  await until(() => cluster.server.watchers === 1)
  call.abort()
  await ended
  await until(() => cluster.server.watchers === 0)
  expect(cluster.clock.pending).toBe(0)
})

describe('a watch fails', () => {
  test('when the connection is reset, after the events that came', async () => {
    const { error, events } = await failing({ raw: added, after: 'reset' })
    expect(error).toMatchObject({ code: 'FLM7101', retryable: true })
    expect(events).toEqual(['ADDED a'])
  })

  test('when it ends in the middle of an event, of which nothing is told', async () => {
    const { error, events } = await failing({ raw: added + added.slice(0, 20), after: 'end' })
    expect(error).toMatchObject({
      code: 'FLM7101',
      message: 'watch configmaps of all namespaces: the connection ended 20 bytes into an event',
    })
    expect(events).toEqual(['ADDED a'])
  })

  test('for an ERROR event, with its code', async () => {
    const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }
    const raw = line({ type: 'ERROR', object: status })
    expect((await failing({ raw, after: 'silence' })).error).toMatchObject({ status: 410 })
  })

  test('for an answer that is not a success', async () => {
    const body = { kind: 'Status', reason: 'Forbidden', message: 'no' }
    expect((await failing({ status: 403, body })).error).toMatchObject({
      status: 403,
      reason: 'Forbidden',
    })
  })

  test('for lines that are no events', async () => {
    for (const raw of [
      'nonsense\n',
      '[]\n',
      'null\n',
      line({ type: 'NEW', object: {} }),
      line({ type: 'ADDED' }),
      line({ type: 'ADDED', object: { metadata: {} } }),
      line({ type: 'BOOKMARK', object: {} }),
    ]) {
      const { error } = await failing({ raw, after: 'silence' })
      expect(error, raw).toMatchObject({ code: 'FLM7105', retryable: true })
    }
  })

  test('when nothing came for long; every event starts that time anew', async () => {
    const cluster = await fakeCluster()
    const { server, clock } = cluster
    const { events, ended } = watch(cluster)
    const failure = failureOf(ended)
    await until(() => clock.nextMs === SILENCE_MAX_MS)
    clock.advance(SILENCE_MAX_MS - 1)
    server.bookmark()
    await until(() => events.length === 1)
    clock.advance(SILENCE_MAX_MS - 1)
    server.put('a')
    await until(() => events.length === 2)
    clock.advance(SILENCE_MAX_MS)
    expect(await failure).toMatchObject({
      code: 'FLM7102',
      message: `watch configmaps of all namespaces: the API server said nothing for ${SILENCE_MAX_MS} ms`,
    })
  })
})
