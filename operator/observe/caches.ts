import type { Logger } from '../../agent/core/logger.ts'
import type { Clock } from '../../agent/lib/clock.ts'
import type { Random } from '../../agent/lib/random.ts'
import { ANNOTATIONS, FLUME_AGENTS, FLUME_FLOWS } from '../api/constants.ts'
import type { ConfigMap, LiveObject, Pod, StatefulSet } from '../api/live.ts'
import { poolKey, poolOf, poolOfObject, targetsOf } from '../api/pool-key.ts'
import { MANAGED_SELECTOR } from '../api/pool-labels.ts'
import type { FlumeAgent, FlumeFlow } from '../api/types.ts'
import type { KubeClient } from '../kube/client.ts'
import { ObjectCache } from '../kube/object-cache.ts'
import { RESOURCES } from '../kube/resources.ts'
import type { KubeObject, ResourceType } from '../kube/types.ts'

export interface CachesOptions {
  readonly client: KubeClient
  /** Absent: all. */
  readonly namespaces?: readonly string[] | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** By the key of a pool. */
export const BY_POOL = 'pool'
/** Flows by the keys of the pools that their sinks hand events to. */
export const BY_TARGET = 'target'

export type Caches = ReturnType<typeof makeCaches>

/** All that the operator sees: both of our kinds, and what is labelled as its own. */
export function makeCaches(options: CachesOptions) {
  const of = <T extends KubeObject>(
    type: ResourceType,
    more: Pick<
      ConstructorParameters<typeof ObjectCache<T>>[0],
      'indexers' | 'transform' | 'labelSelector'
    >,
  ) => new ObjectCache<T>({ ...options, type, ...more })
  const managed = <T extends LiveObject>(type: ResourceType, transform?: (object: T) => T) =>
    of<T>(type, {
      labelSelector: MANAGED_SELECTOR,
      indexers: { [BY_POOL]: poolKeyOfObject },
      ...(transform === undefined ? {} : { transform }),
    })
  return {
    agents: of<FlumeAgent>(FLUME_AGENTS, {}),
    flows: of<FlumeFlow>(FLUME_FLOWS, {
      indexers: {
        [BY_POOL]: (flow) => [poolKey(flow.metadata.namespace, poolOf(flow))],
        [BY_TARGET]: (flow) =>
          targetsOf(flow).map((target) => poolKey(flow.metadata.namespace, target)),
      },
    }),
    statefulSets: managed<StatefulSet>(RESOURCES.statefulSets),
    configMaps: managed<ConfigMap>(RESOURCES.configMaps),
    services: managed(RESOURCES.services),
    serviceAccounts: managed(RESOURCES.serviceAccounts),
    disruptionBudgets: managed(RESOURCES.disruptionBudgets),
    pods: managed<Pod>(RESOURCES.pods, slimPod),
  }
}

export function poolKeyOfObject(object: LiveObject): readonly string[] {
  const pool = poolOfObject(object)
  return pool === undefined ? [] : [poolKey(object.metadata.namespace, pool)]
}

/** What is read of a pod: the rest is most of it. */
export function slimPod({ apiVersion, kind, metadata, spec, status }: Pod): Pod {
  const { name, namespace, uid, resourceVersion, labels, deletionTimestamp } = metadata
  const nudge = metadata.annotations?.[ANNOTATIONS.config]
  return {
    apiVersion,
    kind,
    metadata: {
      ...given({ namespace, uid, resourceVersion, labels, deletionTimestamp }),
      name,
      ...(nudge === undefined ? {} : { annotations: { [ANNOTATIONS.config]: nudge } }),
    },
    spec: given({ nodeName: spec?.nodeName }),
    status: given({
      phase: status?.phase,
      podIP: status?.podIP,
      reason: status?.reason,
      conditions: status?.conditions?.map(({ type, status: value, reason, message }) => ({
        type,
        status: value,
        ...given({ reason, message }),
      })),
      containerStatuses: status?.containerStatuses,
      initContainerStatuses: status?.initContainerStatuses,
    }),
  }
}

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

/** Without what is undefined. */
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Given<T>
}
