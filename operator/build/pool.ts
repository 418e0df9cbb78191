import { deliveredData } from '../../agent/config/delivered.ts'
import type { DeliveredFlow } from '../../agent/config/delivered.ts'
import { stableHash } from '../../agent/config/hash.ts'
import { secretsOf } from '../../agent/config/secrets.ts'
import type { FlowDecision } from '../api/decisions.ts'
import type { PoolObservation, StatefulSet } from '../api/live.ts'
import { poolNames } from '../api/names.ts'
import { selectorLabels } from '../api/pool-labels.ts'
import type { FlumeAgent } from '../api/types.ts'
import { decideFlows } from './flows.ts'
import { identityOf, poolObject } from './objects.ts'
import type { DesiredObject } from './objects.ts'
import { podTemplate } from './pod.ts'
import { headlessServices, sourceServices } from './services.ts'
import { statefulSet, storageDifference } from './stateful-set.ts'
import { mergeSecrets } from './volumes.ts'

export interface BuildOptions {
  /** Image of the agents of pools that name none. */
  readonly image: string
}

/** What a pool is to be. */
export interface PoolBuild {
  readonly flows: readonly FlowDecision[]
  /** In the order in which they are written. */
  readonly objects: readonly DesiredObject[]
  /** Hash over the data of the ConfigMap: pods that have seen it need no nudge. */
  readonly configHash: string
  /** What is asked for and cannot be done to a pool that is there, as a sentence. */
  readonly storageDifference: string | undefined
}

/**
 * From what is asked for to the objects of a pool. Pure: the same input gives the same objects. What a pod
 * needs to start comes before the StatefulSet that makes it.
 */
export function buildPool(
  observed: PoolObservation,
  agent: FlumeAgent,
  { image }: BuildOptions,
): PoolBuild {
  const flows = decideFlows(observed)
  const delivered = flows.flatMap((each) => each.delivered ?? [])
  const live = observed.objects.find((each): each is StatefulSet => each.kind === 'StatefulSet')
  const secrets = mergeSecrets(delivered.flatMap(({ manifest }) => secretsOf(manifest)))
  const data = deliveredData(agent.metadata.name, delivered)
  return {
    flows,
    objects: [
      ...serviceAccount(agent),
      configMap(agent, data),
      ...headlessServices(identityOf(agent)),
      ...sourceServices(identityOf(agent), delivered),
      disruptionBudget(agent),
      statefulSet(agent, podTemplate(agent, { image, secrets }), live),
    ],
    configHash: stableHash(data),
    storageDifference: storageDifference(agent, live),
  }
}

/** None where the user names one. */
function serviceAccount(agent: FlumeAgent): readonly DesiredObject[] {
  const { name: given, annotations = {} } = agent.spec.serviceAccount ?? {}
  if (given !== undefined) return []
  const pool = identityOf(agent)
  const name = poolNames(pool.name).serviceAccount
  const content = { automountServiceAccountToken: false }
  return [
    poolObject(pool, { apiVersion: 'v1', kind: 'ServiceAccount', name, annotations, content }),
  ]
}

function configMap(agent: FlumeAgent, data: ReturnType<typeof deliveredData>): DesiredObject {
  const pool = identityOf(agent)
  const name = poolNames(pool.name).configMap
  return poolObject(pool, { apiVersion: 'v1', kind: 'ConfigMap', name, content: { data } })
}

/**
 * One replica may be away at a time. Pods that are not ready may always be evicted: they serve nothing,
 * and with `maxUnavailable` one of them would keep the others from being moved.
 */
function disruptionBudget(agent: FlumeAgent): DesiredObject {
  const pool = identityOf(agent)
  const spec = {
    minAvailable: Math.max(0, agent.spec.replicas - 1),
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
    selector: { matchLabels: selectorLabels(pool.name) },
  }
  const name = poolNames(pool.name).disruptionBudget
  return poolObject(pool, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    name,
    content: { spec },
  })
}

/** The versions that are delivered, by flow. */
export function deliveredOf({ flows }: PoolBuild): ReadonlyMap<string, DeliveredFlow> {
  return new Map(flows.flatMap(({ delivered }) => (delivered ? [[delivered.flow, delivered]] : [])))
}
