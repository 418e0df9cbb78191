import { describe, expect, onTestFinished, test } from 'vitest'
import {
  clientOf,
  failureOf,
  fakeCluster,
  kubeParts,
  metricOf,
  until,
} from '../../test/kube/fixture.ts'
import { ManualClock, turns } from '../../test/sim/clock.ts'
import type { Lease } from './lease.ts'
import { LeaderElector } from './leader-elector.ts'
import { RESOURCES } from './resources.ts'
import type { KubeClient } from './client.ts'

type Cluster = Awaited<ReturnType<typeof fakeCluster>>
const NAME = { namespace: 'system', name: 'flume-operator' }
const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'logs', name: 'a' },
}

function elector(cluster: Cluster, identity: string, clock = cluster.clock) {
  const parts = { ...kubeParts(), clock }
  const lost: string[] = []
  const onLost = (error: Error): void => void lost.push(error.message)
  const client = clientOf(cluster.server.api, parts)
  const leader = new LeaderElector({ ...parts, ...NAME, client, identity, onLost })
  onTestFinished(() => leader.stop())
  const fenced = clientOf(cluster.server.api, parts, leader.fence)
  const master = () =>
    metricOf(parts.registry, 'leader_election_master_status', { name: NAME.name })
  return { leader, lost, fenced, master, log: parts.log }
}

const never = new AbortController().signal

function leaseOf({ client }: Cluster): Promise<Lease> {
  return client.get<Lease>(RESOURCES.leases, NAME)
}

function write(client: KubeClient): Promise<unknown> {
  return client.create(RESOURCES.configMaps, configMap)
}

/** Time passes, in small steps so that requests keep up, until it is so. */
async function pass(clock: ManualClock, condition: () => boolean): Promise<void> {
  while (!condition()) {
    clock.advance(100)
    await turns(5)
  }
}

async function passMs(clock: ManualClock, ms: number): Promise<void> {
  const end = clock.monotonic() + ms
  await pass(clock, () => clock.monotonic() >= end)
}

test('the first one gets it, with times that the API server takes, and keeps it', async () => {
  const cluster = await fakeCluster()
  const { leader, lost, fenced, master } = elector(cluster, 'a')
  expect(await leader.acquire(never)).toBe(true)
  expect(await master()).toBe(1)
  const { spec } = await leaseOf(cluster)
  expect(spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 })
  expect(spec!.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  const patches = cluster.server.count('PATCH')
  await passMs(cluster.clock, 60_000)
  expect(cluster.server.count('PATCH') - patches).toBeGreaterThanOrEqual(20)
  expect(cluster.server.count('PATCH') - patches).toBeLessThanOrEqual(31)
  expect([leader.leads, lost]).toEqual([true, []])
  await write(fenced)
})

test('another one waits while it is renewed, whatever the times in it say', async () => {
  const cluster = await fakeCluster()
  const first = elector(cluster, 'a')
  await first.leader.acquire(never)
  const second = elector(cluster, 'b')
  const acquired = second.leader.acquire(never)
  cluster.clock.jump(-3_600_000)
  await passMs(cluster.clock, 60_000)
  cluster.clock.jump(7_200_000)
  await passMs(cluster.clock, 60_000)
  expect([first.leader.leads, second.leader.leads]).toEqual([true, false])
  await second.leader.stop()
  expect(await acquired).toBe(false)
})

test('released at the stop, it goes to the next one without waiting for it to run out', async () => {
  const cluster = await fakeCluster()
  const first = elector(cluster, 'a')
  await first.leader.acquire(never)
  const second = elector(cluster, 'b')
  const acquired = second.leader.acquire(never)
  await passMs(cluster.clock, 5000)
  await first.leader.stop()
  expect((await leaseOf(cluster)).spec).toMatchObject({ holderIdentity: '' })
  expect(await first.master()).toBe(0)
  const atMs = cluster.clock.monotonic()
  await pass(cluster.clock, () => second.leader.leads)
  expect(cluster.clock.monotonic() - atMs).toBeLessThan(5000)
  expect(await acquired).toBe(true)
  expect((await leaseOf(cluster)).spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
  expect(first.lost).toEqual([])
  expect(await failureOf(write(first.fenced))).toMatchObject({ code: 'FLM7107' })
})

test('of one that died it is taken over after its duration', async () => {
  const cluster = await fakeCluster()
  const dead = elector(cluster, 'a', new ManualClock())
  await dead.leader.acquire(never)
  const second = elector(cluster, 'b')
  const acquired = second.leader.acquire(never)
  await until(() => cluster.server.count('get') === 2)
  const atMs = cluster.clock.monotonic()
  await pass(cluster.clock, () => second.leader.leads)
  expect(await acquired).toBe(true)
  const tookMs = cluster.clock.monotonic() - atMs
  expect(tookMs).toBeGreaterThanOrEqual(15_000)
  expect(tookMs).toBeLessThan(18_000)
})

describe('the lead is lost', () => {
  test('when it cannot be renewed in time, counted from the start of the last renewal', async () => {
    const cluster = await fakeCluster()
    const { server, clock } = cluster
    const { leader, lost, fenced, master } = elector(cluster, 'a')
    await leader.acquire(never)
    const atMs = clock.monotonic()
    server.fail('PATCH', { status: 503 }, 100)
    server.fail('get', { status: 503 }, 100)
    await pass(clock, () => lost.length > 0)
    expect(clock.monotonic() - atMs).toBe(10_000)
    expect(lost).toEqual(['the lease flume-operator was lost: it was not renewed in time'])
    expect(await master()).toBe(0)
    expect(await failureOf(write(fenced))).toMatchObject({ code: 'FLM7107', retryable: false })
    expect(server.count('POST')).toBe(1)
    await leader.stop()
    expect(lost).toHaveLength(1)
  })

  test('when the server is silent', async () => {
    const cluster = await fakeCluster()
    const { leader, lost } = elector(cluster, 'a')
    await leader.acquire(never)
    const atMs = cluster.clock.monotonic()
    cluster.server.fail('PATCH', 'silence', 100)
    cluster.server.fail('get', 'silence', 100)
    await pass(cluster.clock, () => lost.length > 0)
    expect(cluster.clock.monotonic() - atMs).toBe(10_000)
  })

  test('when the process was stalled: the fence finds out before its timer does', async () => {
    const cluster = await fakeCluster()
    /** A clock that goes on while no timer runs, as for a process that does not. */
    let stalledMs = 0
    const stalled = new (class extends ManualClock {
      override monotonic(): number {
        return super.monotonic() + stalledMs
      }
    })()
    const { leader, lost, fenced } = elector(cluster, 'a', stalled)
    await leader.acquire(never)
    await write(fenced)
    stalledMs = 9_999
    expect(leader.leads).toBe(true)
    stalledMs = 10_000
    expect(leader.leads).toBe(false)
    expect(lost).toEqual([])
    expect(await failureOf(write(fenced))).toMatchObject({ code: 'FLM7107' })
    expect(lost).toHaveLength(1)
    expect(await failureOf(write(fenced))).toMatchObject({ code: 'FLM7107' })
    expect(lost).toHaveLength(1)
  })

  test('when another one has it', async () => {
    const cluster = await fakeCluster()
    const { client, clock } = cluster
    const { leader, lost } = elector(cluster, 'a')
    await leader.acquire(never)
    await client.patch(RESOURCES.leases, NAME, { merge: { spec: { holderIdentity: 'b' } } })
    await pass(clock, () => lost.length > 0)
    expect(lost).toEqual(['the lease flume-operator was lost: b has it'])
    expect((await leaseOf(cluster)).spec!.holderIdentity).toBe('b')
  })
})

describe('the lead is kept', () => {
  for (const fault of ['reset', { status: 500 }, { status: 409 }, { status: 403 }] as const)
    test(`when some renewals fail: ${JSON.stringify(fault)}`, async () => {
      const cluster = await fakeCluster()
      const { leader, lost } = elector(cluster, 'a')
      await leader.acquire(never)
      for (let i = 0; i < 5; i++) {
        cluster.server.fail('PATCH', fault, 2)
        await passMs(cluster.clock, 10_000)
      }
      expect([leader.leads, lost]).toEqual([true, []])
    })

  test('when the answer to a renewal that was carried out is lost', async () => {
    const cluster = await fakeCluster()
    const { client, clock } = cluster
    const { leader, lost } = elector(cluster, 'a')
    await leader.acquire(never)
    // As such a renewal leaves it: another version, the same holder.
    await client.patch(RESOURCES.leases, NAME, { merge: { spec: { holderIdentity: 'a' } } })
    await passMs(clock, 30_000)
    expect([leader.leads, lost]).toEqual([true, []])
  })
})

test('of several who want it at the same time one gets it', async () => {
  const cluster = await fakeCluster()
  const all = ['a', 'b', 'c'].map((identity) => elector(cluster, identity))
  const acquired = all.map(({ leader }) => leader.acquire(never))
  await passMs(cluster.clock, 30_000)
  expect(all.filter(({ leader }) => leader.leads)).toHaveLength(1)
  await Promise.all(all.map(({ leader }) => leader.stop()))
  expect((await Promise.all(acquired)).filter(Boolean)).toHaveLength(1)
})

test('without the lead nothing is written; waiting for it can be called off', async () => {
  const cluster = await fakeCluster()
  await elector(cluster, 'a').leader.acquire(never)
  const { leader, fenced, lost } = elector(cluster, 'b')
  const waiting = new AbortController()
  const acquired = leader.acquire(waiting.signal)
  expect(await failureOf(write(fenced))).toMatchObject({ code: 'FLM7107' })
  expect(lost).toEqual([])
  waiting.abort()
  expect(await acquired).toBe(false)
})
