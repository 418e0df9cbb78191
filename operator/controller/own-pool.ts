import { ANNOTATIONS, API_VERSION, FINALIZER, FLUME_AGENTS, LABELS } from '../api/constants.ts'
import type { PoolObservation } from '../api/live.ts'
import type { FlumeAgent, FlumeFlow } from '../api/types.ts'
import { behind } from '../apply/behind.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../kube/errors.ts'
import type { KubeObject } from '../kube/types.ts'
import { staleness } from '../observe/fresh.ts'
import type { Parts } from './parts.ts'

/** The flow that has the pool for itself, if any. */
export function ownFlowOf({ flows, name }: PoolObservation): FlumeFlow | undefined {
  return flows.find(({ spec, metadata }) => spec.agentRef === undefined && metadata.name === name)
}

/** The FlumeAgent of a flow that names none. Created, never applied: one that is there is not taken over. */
export async function createOwnPool(
  { apply, caches, tell }: Parts,
  scope: string,
  flow: FlumeFlow,
): Promise<void> {
  const { name, namespace, uid } = flow.metadata
  const labels = { [LABELS.forFlow]: uid! }
  const metadata = { name, namespace: namespace!, labels, finalizers: [FINALIZER] }
  const agent = { apiVersion: API_VERSION, kind: 'FlumeAgent', metadata, spec: {} }
  try {
    const answer = await apply.client.create<KubeObject>(FLUME_AGENTS, agent)
    apply.expectations.wrote(scope, caches.agents, answer)
  } catch (thrown) {
    throw isAlreadyExists(thrown) ? behind(`FlumeAgent ${name}`) : thrown
  }
  const note = `made the FlumeAgent ${name} for the flow, as it has no spec.agentRef`
  tell(flow, { type: 'Normal', reason: 'PoolCreated', action: 'CreatePool', note })
}

/**
 * Makes the FlumeAgent ready to have objects: its finalizer is there before the first of them. Resolves to
 * whether something was written, so that the caches have to catch up first.
 */
export async function claimPool(
  parts: Parts,
  scope: string,
  observed: PoolObservation,
  agent: FlumeAgent,
): Promise<boolean> {
  const { metadata } = agent
  const madeFor = metadata.labels?.[LABELS.forFlow]
  const flow = ownFlowOf(observed)
  if (madeFor !== undefined && observed.flows.length === 0)
    return removeOwnPool(parts, scope, observed, agent)
  // A flow that was deleted and made anew has its pool, and what waits in it, again.
  if (madeFor !== undefined && flow !== undefined && flow.metadata.uid !== madeFor)
    return change(parts, scope, agent, { labels: { [LABELS.forFlow]: flow.metadata.uid } })
  if (metadata.finalizers?.includes(FINALIZER)) return false
  return change(parts, scope, agent, { finalizers: [...(metadata.finalizers ?? []), FINALIZER] })
}

/** Changes the metadata of the FlumeAgent, in the state in which it was seen. */
export async function change(
  { apply, caches }: Parts,
  scope: string,
  { metadata }: FlumeAgent,
  changed: object,
): Promise<true> {
  const { name, namespace, uid, resourceVersion } = metadata
  const merge = { metadata: { uid, resourceVersion, ...changed } }
  const object = { name, namespace: namespace! }
  const answer = await apply.client.patch<KubeObject>(FLUME_AGENTS, object, { merge })
  apply.expectations.wrote(scope, caches.agents, answer)
  return true
}

/** Its flow is gone, and no other one refers to it. */
async function removeOwnPool(
  { apply, caches, tell }: Parts,
  scope: string,
  observed: PoolObservation,
  agent: FlumeAgent,
): Promise<true> {
  const stale = await staleness(apply.client, observed)
  if (stale !== undefined) throw behind(stale)
  const { name, namespace, uid, resourceVersion } = agent.metadata
  const object = { name, namespace: namespace! }
  try {
    await apply.client.delete(FLUME_AGENTS, object, { uid, resourceVersion })
  } catch (thrown) {
    if (!isNotFound(thrown)) throw isConflict(thrown) ? behind(`FlumeAgent ${name}`) : thrown
  }
  apply.expectations.removed(scope, caches.agents, agent)
  const note = `the flow that the pool was made for is gone: the pool is removed, its volumes are kept`
  tell(agent, { type: 'Normal', reason: 'PoolRemoved', action: 'RemovePool', note })
  return true
}

/** Whether everything of the pool is to be left as it is. */
export function isPaused({ metadata }: FlumeAgent): boolean {
  return metadata.annotations?.[ANNOTATIONS.paused] === 'true'
}
