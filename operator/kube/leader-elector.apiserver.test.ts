import { expect, onTestFinished, test } from 'vitest'
import { clientOf, failureOf } from '../../test/kube/fixture.ts'
import { FaultyProxy } from '../../test/kube/proxy.ts'
import { configMap, eventually, realParts, realServers } from '../../test/kube/real-server.ts'
import type { RealServer } from '../../test/kube/real-server.ts'
import type { Lease } from './lease.ts'
import { LeaderElector } from './leader-elector.ts'
import { RESOURCES } from './resources.ts'

const real = realServers()
const NAME = 'flume-operator'
/** Short, so that the test is; in the same proportions as the real ones. */
const TIMES = { leaseDurationMs: 3000, renewDeadlineMs: 2000, retryPeriodMs: 400 }

async function elector({ api, namespace }: RealServer, identity: string) {
  const proxy = await FaultyProxy.start(api)
  const parts = realParts()
  const { promise: lost, resolve: onLost } = Promise.withResolvers<Error>()
  const client = clientOf(proxy.api, parts)
  const leader = new LeaderElector({
    ...parts,
    ...TIMES,
    client,
    namespace,
    name: NAME,
    identity,
    onLost,
  })
  onTestFinished(async () => {
    await leader.stop()
    await proxy.close()
  })
  return { leader, proxy, lost, fenced: clientOf(api, parts, leader.fence) }
}

const never = new AbortController().signal

test('the API server takes the lease in all its states: new, renewed, released, taken over', async (context) => {
  const server = await real(context)
  const { client, namespace } = server
  const name = { namespace, name: NAME }
  const read = async () => (await client.get<Lease>(RESOURCES.leases, name)).spec!
  const first = await elector(server, 'a')
  await first.leader.acquire(never)
  const { renewTime } = await read()
  await eventually(async () => (await read()).renewTime !== renewTime)
  await first.leader.stop()
  expect(await read()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 })
  const second = await elector(server, 'b')
  await second.leader.acquire(never)
  expect(await read()).toMatchObject({
    holderIdentity: 'b',
    leaseDurationSeconds: 3,
    leaseTransitions: 1,
  })
})

test('one that is cut off stops writing before another one starts', async (context) => {
  const server = await real(context)
  const { namespace } = server
  const first = await elector(server, 'a')
  const second = await elector(server, 'b')
  await first.leader.acquire(never)
  await first.fenced.create(RESOURCES.configMaps, configMap(namespace, 'first'))
  const acquired = second.leader.acquire(never)
  first.proxy.freeze()
  const order: string[] = []
  void first.lost.then(() => order.push('lost'))
  void acquired.then(() => order.push('acquired'))
  await acquired
  expect(order).toEqual(['lost', 'acquired'])
  expect(first.leader.leads).toBe(false)
  const late = first.fenced.create(RESOURCES.configMaps, configMap(namespace, 'late'))
  expect(await failureOf(late)).toMatchObject({ code: 'FLM7107' })
  await second.fenced.create(RESOURCES.configMaps, configMap(namespace, 'second'))
})

test('answers that are lost, resets and refusals do not cost the lead', async (context) => {
  const server = await real(context)
  const { leader, proxy } = await elector(server, 'a')
  await leader.acquire(never)
  let calls = 0
  const faults = ['loseAnswer', 'reset', { status: 503 }, { status: 429 }] as const
  proxy.onRequest = () => (calls++ % 3 === 0 ? faults[(calls / 3) & 3] : undefined)
  await eventually(() => calls >= 24)
  expect(leader.leads).toBe(true)
})
