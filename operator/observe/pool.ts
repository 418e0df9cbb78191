import type { PodReport, PoolObservation, TargetPool } from '../api/live.ts'
import { poolNames } from '../api/names.ts'
import { poolKey, targetsOf } from '../api/pool-key.ts'
import { nameOf } from '../kube/types.ts'
import { BY_POOL } from './caches.ts'
import type { Caches } from './caches.ts'

/** All that is known of a pool, out of the caches: plain data. */
export function observePool(
  caches: Caches,
  key: string,
  reportOf: (podUid: string) => PodReport | undefined,
): PoolObservation {
  const { namespace = '', name } = nameOf(key)
  const flows = flowsOf(caches, key)
  const targets = new Set(flows.flatMap(targetsOf))
  const pods = caches.pods.byIndex(BY_POOL, key)
  const reports = pods.flatMap(({ metadata: { uid = '' } }) => {
    const report = reportOf(uid)
    return report === undefined ? [] : [[uid, report] as const]
  })
  return {
    namespace,
    name,
    agent: caches.agents.get(key),
    flows,
    targets: [...targets].toSorted().map((target) => targetPool(caches, namespace, target)),
    objects: [
      ...caches.serviceAccounts.byIndex(BY_POOL, key),
      ...caches.configMaps.byIndex(BY_POOL, key),
      ...caches.services.byIndex(BY_POOL, key),
      ...caches.disruptionBudgets.byIndex(BY_POOL, key),
      ...caches.statefulSets.byIndex(BY_POOL, key),
    ],
    pods,
    reports: new Map(reports),
  }
}

function targetPool(caches: Caches, namespace: string, name: string): TargetPool {
  const key = poolKey(namespace, name)
  return {
    name,
    agent: caches.agents.get(key),
    flows: flowsOf(caches, key),
    configMap: caches.configMaps.get(poolKey(namespace, poolNames(name).configMap)),
  }
}

/** A flow that is being deleted is no more. */
function flowsOf(caches: Caches, key: string) {
  return caches.flows
    .byIndex(BY_POOL, key)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}
