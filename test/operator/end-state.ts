import { FLUME_AGENTS, FLUME_FLOWS } from '../../operator/api/constants.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import type { KubeObject } from '../../operator/kube/types.ts'
import type { Hands } from './hands.ts'

const TYPES = [
  FLUME_AGENTS,
  FLUME_FLOWS,
  RESOURCES.statefulSets,
  RESOURCES.services,
  RESOURCES.configMaps,
  RESOURCES.serviceAccounts,
  RESOURCES.disruptionBudgets,
  RESOURCES.volumeClaims,
  RESOURCES.pods,
]

/** By kind and name. */
export type EndState = Readonly<Record<string, unknown>>

/** Made by Kubernetes in each namespace. */
const FOREIGN: ReadonlySet<string> = new Set(['kube-root-ca.crt', 'default'])

/**
 * Everything in the namespace of a run, without what differs from run to run although it means the same:
 * identities, versions, times, addresses, and hashes over these.
 */
export async function endState(world: Hands): Promise<EndState> {
  const uids = new Map<string, string>()
  const objects: KubeObject[] = []
  for (const type of TYPES)
    for (const object of await world.list<KubeObject>(type))
      if (!FOREIGN.has(object.metadata.name)) objects.push(object)
  for (const { kind, metadata } of objects)
    uids.set(metadata.uid!, `uid of ${kind} ${metadata.name}`)
  const state = objects.map((whole) => {
    // What a budget counts lags behind, and remembers evictions for minutes.
    const isBudget = whole.kind === 'PodDisruptionBudget'
    const object = isBudget ? { ...whole, status: undefined } : whole
    const text = JSON.stringify(object, (key, value: unknown) =>
      DROPPED.has(key) ? undefined : value,
    )
    const same = [...uids].reduce((all, [uid, name]) => all.replaceAll(uid, name), text)
    const plain = same
      .replaceAll(world.namespace, 'NAMESPACE')
      .replaceAll(/"flume-operator\.io\/(?:desired-hash|config)":"[^"]*",?/g, '')
      // A pod that started with its configuration was never nudged.
      .replaceAll('"annotations":{},', '')
      // Also in messages, which quote it and cut it off.
      .replaceAll(/\\+"hash\\+":\\+"[0-9a-f]*/g, 'HASH')
      .replaceAll(/\\+"generation\\+":\d+/g, 'GENERATION')
    return [`${object.kind} ${object.metadata.name}`, sorted(JSON.parse(plain))] as const
  })
  return Object.fromEntries(state.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const DROPPED: ReadonlySet<string> = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'observedGeneration',
  'creationTimestamp',
  'managedFields',
  'lastTransitionTime',
  'startTime',
  // Written once a minute, so that it may be from before the last change or after it.
  'backlog',
  'podIP',
  'podIPs',
  'clusterIP',
  'clusterIPs',
  'nodePort',
  'controller-revision-hash',
  'currentRevision',
  'updateRevision',
  'collisionCount',
  'currentReplicas',
  'updatedReplicas',
  'pod-template-hash',
  'startedAt',
])

/** Keys in order, so that a difference is one. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, each]) => [key, sorted(each)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}
