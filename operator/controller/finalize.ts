import { FINALIZER, LABELS } from '../api/constants.ts'
import type { LiveObject, PoolObservation } from '../api/live.ts'
import { formatSelector, selectorLabels } from '../api/pool-labels.ts'
import type { FlumeAgent } from '../api/types.ts'
import { POOL_TYPES } from '../apply/context.ts'
import { remove } from '../apply/prune.ts'
import { KubeError } from '../kube/errors.ts'
import { RESOURCES } from '../kube/resources.ts'
import type { KubeObject } from '../kube/types.ts'
import { change } from './own-pool.ts'
import type { Parts } from './parts.ts'

/**
 * Removes what was made for a FlumeAgent that is being deleted, and then its finalizer; never the claims.
 * The pods go first, as they use the rest. Resolves to what it waits for; undefined when it is done.
 */
export async function finalize(
  parts: Parts,
  scope: string,
  observed: PoolObservation,
  agent: FlumeAgent,
): Promise<string | undefined> {
  if (!agent.metadata.finalizers?.includes(FINALIZER)) return undefined
  if (await isTerminating(parts, observed.namespace)) {
    await release(parts, scope, agent)
    tellOfNamespace(parts, observed)
    return undefined
  }
  const { uid } = agent.metadata
  const mine = observed.objects.filter((each) => each.metadata.labels?.[LABELS.agentUid] === uid)
  const statefulSets = mine.filter(({ kind }) => kind === 'StatefulSet')
  await removeAll(parts, scope, statefulSets, 'Foreground')
  const pods = observed.pods.filter(({ metadata }) => metadata.labels?.[LABELS.agentUid] === uid)
  if (statefulSets.length > 0 || pods.length > 0) {
    const names = pods.map(({ metadata }) => metadata.name).toSorted()
    return names.length === 0
      ? 'the StatefulSet is being removed'
      : `waiting for ${names.join(', ')} to stop`
  }
  await removeAll(parts, scope, mine, 'Background')
  if (mine.length > 0) return 'the objects of the pool are being removed'
  // Asked of the server itself: what no cache shows would be left behind for ever.
  const left = await ownedBy(parts, observed.namespace, uid!)
  await removeAll(parts, scope, left, 'Foreground')
  if (left.length > 0) return 'the objects of the pool are being removed'
  await tellOfVolumes(parts, observed, agent)
  await release(parts, scope, agent)
  return undefined
}

async function removeAll(
  { apply }: Parts,
  scope: string,
  objects: readonly LiveObject[],
  policy: 'Foreground' | 'Background',
): Promise<void> {
  for (const object of objects)
    if (object.metadata.deletionTimestamp === undefined) await remove(apply, scope, object, policy)
}

async function release(parts: Parts, scope: string, agent: FlumeAgent): Promise<void> {
  const finalizers = agent.metadata.finalizers?.filter((each) => each !== FINALIZER)
  await change(parts, scope, agent, { finalizers })
}

async function ownedBy({ apply }: Parts, namespace: string, uid: string): Promise<LiveObject[]> {
  const labelSelector = formatSelector({ [LABELS.agentUid]: uid })
  const lists = await Promise.all(
    POOL_TYPES.map((type) => apply.client.list<KubeObject>(type, { namespace, labelSelector })),
  )
  return lists.flatMap(({ items }) => items)
}

interface Namespace extends KubeObject {
  readonly status?: { readonly phase?: string }
}

/** In a namespace that is being deleted nothing can be made, and the pods are gone first. */
async function isTerminating({ apply, log }: Parts, namespace: string): Promise<boolean> {
  try {
    const found = await apply.client.get<Namespace>(RESOURCES.namespaces, { name: namespace })
    return found.metadata.deletionTimestamp !== undefined
  } catch (error) {
    if (!(error instanceof KubeError) || ![403, 404].includes(error.status)) throw error
    if (error.status === 404) return true
    log.warn({ namespace, error }, 'whether the namespace is being deleted is not known')
    return false
  }
}

/** No Event can be made in such a namespace: this one is about the namespace itself. */
function tellOfNamespace({ tell }: Parts, { namespace, name }: PoolObservation): void {
  const regarding = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } } as const
  const note = `the namespace is being deleted: the FlumeAgent ${name} was let go at once, with all that waited in its volumes`
  tell(regarding, { type: 'Warning', reason: 'NotDrained', action: 'RemovePool', note })
}

async function tellOfVolumes(
  { apply, tell }: Parts,
  { namespace, name }: PoolObservation,
  agent: FlumeAgent,
): Promise<void> {
  const labelSelector = formatSelector(selectorLabels(name))
  const claims = await apply.client.list(RESOURCES.volumeClaims, { namespace, labelSelector })
  if (claims.items.length === 0) return
  const names = claims.items.map(({ metadata }) => metadata.name).join(', ')
  const events = agent.status?.backlog?.events ?? 0
  const kept = `The volumes are kept: ${names}. A FlumeAgent ${name} made anew has them again`
  const waits = events > 0 ? `About ${events} events were not delivered. ` : ''
  const type = events > 0 ? 'Warning' : 'Normal'
  tell(agent, { type, reason: 'VolumesKept', action: 'RemovePool', note: `${waits}${kept}` })
}
