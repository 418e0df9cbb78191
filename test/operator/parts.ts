import { Registry } from 'prom-client'
import { onTestFinished } from 'vitest'
import { systemRandom } from '../../agent/lib/random.ts'
import { until } from '../../hack/cluster/until.ts'
import { FLUME_AGENTS, FLUME_FLOWS } from '../../operator/api/constants.ts'
import type { FlumeAgent, FlumeFlow } from '../../operator/api/types.ts'
import type { PodReport } from '../../operator/api/live.ts'
import { poolKey } from '../../operator/api/pool-key.ts'
import { POOL_TYPES } from '../../operator/apply/context.ts'
import { Memory } from '../../operator/apply/memory.ts'
import { OperatorMetrics } from '../../operator/controller/metrics.ts'
import { Nudges } from '../../operator/controller/nudges.ts'
import type { Parts } from '../../operator/controller/parts.ts'
import { makeReconcile } from '../../operator/controller/reconcile.ts'
import { RolloutSlots } from '../../operator/controller/slots.ts'
import { KubeClient } from '../../operator/kube/client.ts'
import { Expectations } from '../../operator/kube/expectations.ts'
import { KubeMetrics } from '../../operator/kube/metrics.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import { Transport } from '../../operator/kube/transport.ts'
import type { KubeObject } from '../../operator/kube/types.ts'
import type { Outcome } from '../../operator/kube/workers.ts'
import { makeCaches } from '../../operator/observe/caches.ts'
import { observePool } from '../../operator/observe/pool.ts'
import { BacklogBudget } from '../../operator/status/budget.ts'
import { ManualClock } from '../sim/clock.ts'
import { TestLog } from '../sim/flow-parts.ts'
import { FakeApi } from './fake-api.ts'
import { NAMESPACE } from './objects.ts'

const TYPES = [
  ...POOL_TYPES,
  RESOURCES.pods,
  RESOURCES.volumeClaims,
  RESOURCES.namespaces,
  FLUME_AGENTS,
  FLUME_FLOWS,
]

/** An object of any kind: tests look at what they know to be there. */
interface Loose extends KubeObject {
  readonly status?: FlumeAgent['status'] & FlumeFlow['status']
}

/** What a reconciliation works with, on a server in memory with these objects. */
export async function testParts(...objects: readonly KubeObject[]) {
  const api = await FakeApi.start()
  onTestFinished(() => api.close())
  const clock = new ManualClock()
  const log = new TestLog()
  const registry = new Registry()
  const metrics = new KubeMetrics(registry)
  const transport = new Transport({ server: api.server, userAgent: 'test', clock, metrics })
  onTestFinished(() => transport.close())
  const client = new KubeClient({
    transport,
    fieldManager: 'flume-operator',
    clock,
    random: systemRandom,
  })
  const put = (object: KubeObject) =>
    client.apply(
      TYPES.find(({ kind }) => kind === object.kind)!,
      object,
    )
  for (const object of objects) await put(object)
  const caches = makeCaches({ client, clock, random: systemRandom, log })
  for (const cache of Object.values(caches)) cache.start()
  await Promise.all(Object.values(caches).map((each) => each.whenSynced()))
  onTestFinished(async () => {
    await Promise.all(Object.values(caches).map((each) => each.stop()))
  })
  api.writes.length = 0
  const reports = new Map<string, PodReport>()
  const told: string[] = []
  const pending = new Map<string, boolean>()
  const expectations = new Expectations()
  const memory = new Memory(clock)
  const parts: Parts = {
    caches,
    apply: {
      client,
      expectations,
      memory,
      cacheOf: (kind) => Object.values(caches).find(({ type }) => type.kind === kind)!,
    },
    poller: {
      reportOf: (uid) => reports.get(uid),
      setPending: (key, is) => void pending.set(key, is),
    },
    budget: new BacklogBudget(clock),
    slots: new RolloutSlots(clock),
    nudges: new Nudges(clock),
    metrics: new OperatorMetrics(registry, { agents: () => 0, flows: () => 0 }),
    tell: ({ kind, metadata }, { type, reason, note }) =>
      void told.push(`${kind} ${metadata.name} ${type} ${reason}: ${note}`),
    forget: (scope) => expectations.forget(scope),
    image: 'flume-operator:test',
    clock,
    log,
  }
  const caughtUp = (scope: string): Promise<unknown> =>
    until(
      `the caches show ${expectations.unmet(scope).join(', ')}`,
      5,
      () => expectations.unmet(scope).length === 0,
    )
  const key = (name: string) => poolKey(NAMESPACE, name)
  const path = (type: (typeof TYPES)[number], name: string) =>
    `/api${type.group === '' ? '/' : `s/${type.group}/`}${type.version}/namespaces/${NAMESPACE}/${type.plural}/${name}`
  const get = (type: (typeof TYPES)[number], name: string): Loose | undefined =>
    api.get(path(type, name))
  return {
    parts,
    api,
    client,
    clock,
    registry,
    reports,
    told,
    pending,
    put,
    key,
    get,
    observe: (name: string) => observePool(caches, key(name), (uid) => reports.get(uid)),
    /** Until the caches show all that was written. */
    caughtUp: (name: string) => caughtUp(key(name)),
    /** Again and again, as a queue would, until there is nothing to do; the last outcome. */
    settle: async (name: string): Promise<Outcome> => {
      for (let i = 0; ; i++) {
        if (i > 50) throw new Error(`it does not come to rest: ${api.writes.slice(-20).join(', ')}`)
        const before = api.writes.length
        const outcome = await makeReconcile(parts)(key(name), AbortSignal.timeout(10_000))
        await caughtUp(key(name))
        if (api.writes.length === before) return outcome
      }
    },
  }
}
