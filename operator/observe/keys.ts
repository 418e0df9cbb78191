import type { LiveObject } from '../api/live.ts'
import { LABELS } from '../api/constants.ts'
import { poolKey, poolOf } from '../api/pool-key.ts'
import type { FlumeAgent, FlumeFlow } from '../api/types.ts'
import type { Change } from '../kube/store.ts'
import { BY_TARGET, poolKeyOfObject } from './caches.ts'
import type { Caches } from './caches.ts'

/**
 * Tells the keys of all pools that a change may concern, now and from now on: the pool itself, before and
 * after the change, and the pools that hand events to it.
 */
export function watchKeys(caches: Caches, add: (key: string) => void): void {
  const addSenders = (key: string): void => {
    for (const flow of caches.flows.byIndex(BY_TARGET, key)) add(keyOfFlow(flow))
  }
  caches.agents.onChange((change) => {
    const { namespace, name } = change.object.metadata
    const key = poolKey(namespace, name)
    add(key)
    if (isMoreThanStatus(change)) addSenders(key)
  })
  caches.flows.onChange((change) => {
    const { object, old } = change
    for (const flow of old === undefined ? [object] : [old, object]) {
      add(keyOfFlow(flow))
      if (isMoreThanStatus(change)) addSenders(keyOfFlow(flow))
    }
  })
  const { statefulSets, configMaps, services, serviceAccounts, disruptionBudgets, pods } = caches
  const addPool = ({ object, old }: { object: LiveObject; old: LiveObject | undefined }): void => {
    for (const each of old === undefined ? [object] : [old, object])
      for (const key of poolKeyOfObject(each)) add(key)
  }
  // Of a flow with mistakes, senders see the version that is in there.
  configMaps.onChange(({ object }) => {
    for (const key of poolKeyOfObject(object)) addSenders(key)
  })
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

/** Whether anything changed but the status, which we write ourselves and senders do not read. */
function isMoreThanStatus({ type, object, old }: Change<FlumeAgent | FlumeFlow>): boolean {
  return type !== 'updated' || visible(object) !== visible(old)
}

function visible({ metadata }: FlumeAgent | FlumeFlow): string {
  const { uid, generation, deletionTimestamp, labels = {} } = metadata
  return [uid, generation, deletionTimestamp, labels[LABELS.forFlow]].join('/')
}

export function keyOfFlow(flow: FlumeFlow): string {
  return poolKey(flow.metadata.namespace, poolOf(flow))
}
