import { expect, onTestFinished, test } from 'vitest'
import { fakeCluster, metricOf, until } from '../../test/kube/fixture.ts'
import { turns } from '../../test/sim/clock.ts'
import {
  BUCKET,
  COUNT_PERIOD_MS,
  EventRecorder,
  SERIES_MAX,
  WAITING_MAX,
} from './event-recorder.ts'
import type { Happening } from './event-series.ts'
import type { KubeObject } from './types.ts'

function flow(name: string): KubeObject {
  const metadata = { namespace: 'logs', name, uid: `uid-${name}` }
  return { apiVersion: 'flume-operator.io/v1alpha1', kind: 'FlumeFlow', metadata }
}

function refusal(note = 'no such channel'): Happening {
  return { type: 'Warning', reason: 'Refused', action: 'Deliver', note }
}

async function recording() {
  const cluster = await fakeCluster()
  const recorder = new EventRecorder({
    ...cluster,
    reportingController: 'flume-operator.io/operator',
    reportingInstance: 'operator-0',
  })
  onTestFinished(async () => {
    const stopped = recorder.stop()
    cluster.clock.advance(5000)
    await stopped
  })
  const { server, registry } = cluster
  return {
    ...cluster,
    recorder,
    writes: () => server.seen.filter(({ verb }) => verb === 'POST' || verb === 'PATCH'),
    dropped: (reason: string) =>
      metricOf(registry, 'flume_operator_events_dropped_total', { reason }),
  }
}

test('what happened is written to the namespace of the object', async () => {
  const { recorder, writes } = await recording()
  recorder.record(flow('web'), refusal())
  await until(() => writes().length === 1)
  expect(writes()[0]).toMatchObject({
    verb: 'POST',
    path: '/apis/events.k8s.io/v1/namespaces/logs/events',
    body: { note: 'no such channel', regarding: { name: 'web', uid: 'uid-web' } },
  })
})

test('repeats are one event whose count is written now and then', async () => {
  const { recorder, writes, clock } = await recording()
  for (let i = 0; i < 100; i++) recorder.record(flow('web'), refusal())
  // No call is under way any more, only the next count is.
  await until(() => clock.nextMs === COUNT_PERIOD_MS)
  expect(writes()).toHaveLength(1)
  clock.advance(COUNT_PERIOD_MS)
  await until(() => writes().length === 2 && clock.pending === 0)
  expect(writes()[1]).toMatchObject({ verb: 'PATCH', body: { series: { count: 100 } } })
  clock.advance(COUNT_PERIOD_MS)
  await turns(20)
  expect(writes()).toHaveLength(2)
  recorder.record(flow('web'), refusal())
  clock.advance(COUNT_PERIOD_MS)
  await until(() => writes().length === 3)
  expect(writes()[2]).toMatchObject({ body: { series: { count: 101 } } })
})

test('after a long silence it is a new event', async () => {
  const { recorder, writes, clock } = await recording()
  recorder.record(flow('web'), refusal())
  await until(() => writes().length === 1 && clock.pending === 0)
  clock.advance(6 * 60_000)
  recorder.record(flow('web'), refusal())
  await until(() => writes().length === 2)
  expect(writes().map(({ verb }) => verb)).toEqual(['POST', 'POST'])
})

test('an event that the server has forgotten is written anew, with its count', async () => {
  const { recorder, writes, clock, server } = await recording()
  recorder.record(flow('web'), refusal())
  await until(() => writes().length === 1 && clock.pending === 0)
  server.fail('PATCH', { status: 404 })
  recorder.record(flow('web'), refusal())
  clock.advance(COUNT_PERIOD_MS)
  await until(() => writes().length === 3)
  expect(writes()[2]).toMatchObject({ verb: 'POST', body: { series: { count: 2 } } })
})

test('a flood about one object is cut off; others are not touched', async () => {
  const { recorder, writes, dropped, clock } = await recording()
  for (let i = 0; i < 3 * BUCKET.burst; i++) recorder.record(flow('web'), refusal(`note ${i}`))
  recorder.record(flow('other'), refusal())
  await until(() => writes().length === BUCKET.burst + 1 && clock.pending === 0)
  expect(await dropped('rate')).toBe(2 * BUCKET.burst)
  clock.advance(BUCKET.refillMs)
  recorder.record(flow('web'), refusal('later'))
  await until(() => writes().length === BUCKET.burst + 2)
})

test('however many objects there are, memory is bounded', async () => {
  const { recorder, dropped } = await recording()
  for (let i = 0; i < 2 * SERIES_MAX; i++) recorder.record(flow(`f${i}`), refusal())
  expect(await dropped('full')).toBe(2 * SERIES_MAX - WAITING_MAX - 1)
})

test('what fails for a moment is tried again, what is refused is dropped and said', async () => {
  const { recorder, writes, server, clock, log, dropped } = await recording()
  server.fail('POST', { status: 503 }, 2)
  recorder.record(flow('web'), refusal())
  await until(() => (clock.nextMs ?? Infinity) <= 500)
  clock.advance(500)
  await until(() => server.count('POST') === 2 && (clock.nextMs ?? Infinity) <= 1000)
  clock.advance(1000)
  await until(() => writes().length === 3 && clock.pending === 0)
  server.fail('POST', { status: 422 })
  recorder.record(flow('web'), refusal('another'))
  await until(() => log.lines.length === 1)
  expect(log.lines[0]).toMatchObject({
    level: 'warn',
    message: 'an event could not be written',
    fields: { reason: 'Refused', note: 'another' },
  })
  expect(await dropped('failed')).toBe(1)
  // It was never written, so the next time is the first.
  recorder.record(flow('web'), refusal('another'))
  await until(() => writes().length === 5)
  expect(writes()[4]!.body).not.toHaveProperty('series')
})

test('an attempt that was carried out although it seemed to fail is no second event', async () => {
  const { recorder, writes, server, clock, dropped } = await recording()
  server.fail('POST', { status: 500 })
  server.fail('POST', { status: 409, body: { kind: 'Status', reason: 'AlreadyExists' } })
  recorder.record(flow('web'), refusal())
  await until(() => (clock.nextMs ?? Infinity) <= 500)
  clock.advance(500)
  await until(() => writes().length === 2)
  await recorder.stop()
  expect(await dropped('failed')).toBe(0)
})

test('at the stop what waits is written, counts too, and nothing is taken any more', async () => {
  const { recorder, writes, clock } = await recording()
  recorder.record(flow('web'), refusal())
  await until(() => writes().length === 1)
  for (let i = 0; i < 4; i++) recorder.record(flow('web'), refusal())
  recorder.record(flow('other'), refusal())
  await recorder.stop()
  recorder.record(flow('late'), refusal())
  const counts = writes().map(({ verb, body }) => [verb, body['series']] as const)
  expect(counts).toHaveLength(3)
  expect(counts.map(([verb]) => verb).sort()).toEqual(['PATCH', 'POST', 'POST'])
  expect(counts.find(([verb]) => verb === 'PATCH')![1]).toMatchObject({ count: 5 })
  expect(clock.pending).toBe(0)
})

test('a server that is silent delays the stop by a few seconds only', async () => {
  const { recorder, server, clock } = await recording()
  server.fail('POST', 'silence')
  recorder.record(flow('web'), refusal())
  await until(() => server.count('POST') === 1)
  const stopped = recorder.stop()
  clock.advance(5000)
  await stopped
})
