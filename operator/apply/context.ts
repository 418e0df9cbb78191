import type { LiveObject } from '../api/live.ts'
import type { KubeClient } from '../kube/client.ts'
import type { CacheView, Expectations } from '../kube/expectations.ts'
import { RESOURCES } from '../kube/resources.ts'
import type { ResourceType } from '../kube/types.ts'
import type { Memory } from './memory.ts'

/** What every write of the operator goes through. */
export interface ApplyContext {
  readonly client: KubeClient
  readonly expectations: Expectations
  readonly memory: Memory
  /** The cache in which a written object is to show up. */
  readonly cacheOf: (kind: string) => CacheView
}

/** The kinds that a pool is made of. */
export const POOL_TYPES: readonly ResourceType[] = [
  RESOURCES.serviceAccounts,
  RESOURCES.configMaps,
  RESOURCES.services,
  RESOURCES.disruptionBudgets,
  RESOURCES.statefulSets,
]

export function typeOf(kind: string): ResourceType {
  const type = POOL_TYPES.find((each) => each.kind === kind)
  if (type === undefined) throw new TypeError(`no pool has a ${kind}`)
  return type
}

/** `StatefulSet hub` */
export function describeObject({ kind, metadata }: LiveObject): string {
  return `${kind} ${metadata.name}`
}
