import type { LiveObject } from '../api/live.ts'
import { poolKey, poolOf } from '../api/pool-key.ts'
import type { FlumeFlow } from '../api/types.ts'
import { BY_TARGET, poolKeyOfObject } from './caches.ts'
import type { Caches } from './caches.ts'

/**
 * Tells the keys of all pools that a change may concern, now and from now on: the pool itself, before and
 * after the change, and the pools that hand events to it.
 */
export function watchKeys(caches: Caches, add: (key: string) => void): void {
  const withSenders = (key: string): void => {
    add(key)
    for (const flow of caches.flows.byIndex(BY_TARGET, key)) add(keyOfFlow(flow))
  }
  caches.agents.onChange(({ object: { metadata } }) =>
    withSenders(poolKey(metadata.namespace, metadata.name)),
  )
  caches.flows.onChange(({ object, old }) => {
    for (const flow of old === undefined ? [object] : [old, object]) withSenders(keyOfFlow(flow))
  })
  const { statefulSets, configMaps, services, serviceAccounts, disruptionBudgets, pods } = caches
  const addPool = ({ object, old }: { object: LiveObject; old: LiveObject | undefined }): void => {
    for (const each of old === undefined ? [object] : [old, object])
      for (const key of poolKeyOfObject(each)) add(key)
  }
  for (const cache of [
    statefulSets,
    configMaps,
    services,
    serviceAccounts,
    disruptionBudgets,
    pods,
  ])
    cache.onChange(addPool)
}

export function keyOfFlow(flow: FlumeFlow): string {
  return poolKey(flow.metadata.namespace, poolOf(flow))
}
