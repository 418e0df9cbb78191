import { stableHash } from '../../agent/config/hash.ts'
import { FLUME_AGENTS, FLUME_FLOWS } from '../api/constants.ts'
import type { FlowDecision } from '../api/decisions.ts'
import type { PoolObservation, StatefulSet } from '../api/live.ts'
import type { FlumeAgent, FlumeAgentStatus, FlumeFlow, FlumeFlowStatus } from '../api/types.ts'
import { isNotFound } from '../kube/errors.ts'
import type { KubeObject } from '../kube/types.ts'
import { agentStatus } from '../status/agent.ts'
import { timestamp } from '../status/conditions.ts'
import { flowStatus } from '../status/flow.ts'
import type { FlowPool } from '../status/flow.ts'
import { happenings } from '../status/happenings.ts'
import { isLeaving, isUpdated, ordinalOf } from '../status/pods.ts'
import type { Brought } from './bring.ts'
import { isPaused } from './own-pool.ts'
import type { Parts } from './parts.ts'

type Status = FlumeAgentStatus | FlumeFlowStatus

/**
 * Writes a status where it has changed, and tells of what did. Resolves to how long a new backlog has to
 * wait until it may be written, if it has to.
 */
async function writeStatus(
  { apply, caches, budget, tell }: Parts,
  scope: string,
  object: FlumeAgent | FlumeFlow,
  wanted: Status,
): Promise<number | undefined> {
  const { uid = '', name, namespace } = object.metadata
  const live: Status = object.status ?? {}
  const { backlog, ...rest } = wanted
  const { backlog: liveBacklog, ...liveRest } = live
  const isMoved = !isSame(backlog, liveBacklog)
  if (isSame(rest, liveRest)) {
    if (!isMoved) return undefined
    // What is told at the end about kept volumes is to be right: it does not wait.
    const isDeleting = object.metadata.deletionTimestamp !== undefined
    const waitMs = isDeleting ? 0 : budget.take(uid)
    if (waitMs > 0) return waitMs
  } else if (isMoved) budget.note(uid)
  const isAgent = object.kind === 'FlumeAgent'
  const { apiVersion, kind } = object
  // The uid makes it a conflict to write the status of one that took its place.
  const body = { apiVersion, kind, metadata: { name, namespace: namespace!, uid }, status: wanted }
  const request = {
    scope,
    object: `${kind} ${name} status`,
    hash: stableHash(body),
    state: `${uid}/${object.metadata.resourceVersion}`,
  }
  if (apply.memory.recall(request) === 'unchanged') return undefined
  try {
    const type = isAgent ? FLUME_AGENTS : FLUME_FLOWS
    const answer = await apply.client.apply<KubeObject>(type, body, { subresource: 'status' })
    apply.expectations.wrote(scope, isAgent ? caches.agents : caches.flows, answer)
    if (answer.metadata.resourceVersion === object.metadata.resourceVersion)
      apply.memory.remember(request)
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined
    throw thrown
  }
  for (const told of happenings(live.conditions ?? [], wanted.conditions ?? [])) tell(object, told)
  return undefined
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b
  return stableHash(a) === stableHash(b)
}

/** Resolves to when one is to be written that may not be yet. */
export async function writeFlowStatuses(
  parts: Parts,
  scope: string,
  observed: PoolObservation,
  decisions: readonly FlowDecision[],
): Promise<number | undefined> {
  const { agent } = observed
  const statefulSet = statefulSetOf(observed)
  const replicas = agent?.spec.replicas ?? 0
  const pool: FlowPool = {
    name: observed.name,
    replicas,
    pods: observed.pods.filter((pod) => !isLeaving(pod) && ordinalOf(pod) < replicas),
    reports: observed.reports,
    paused: agent !== undefined && isPaused(agent),
    isUpdated: (pod) => isUpdated(pod, statefulSet),
    now: timestamp(parts.clock.now()),
  }
  const waits: number[] = []
  for (const decision of decisions) {
    if (isTooEarly(decision.flow, observed)) continue
    const waitMs = await writeStatus(parts, scope, decision.flow, flowStatus(decision, pool))
    if (waitMs !== undefined) waits.push(waitMs)
  }
  return waits.length === 0 ? undefined : Math.min(...waits)
}

interface AgentShown {
  readonly agent: FlumeAgent
  readonly brought: Brought
  readonly decisions: readonly FlowDecision[]
}

export async function writeAgentStatus(
  parts: Parts,
  scope: string,
  observed: PoolObservation,
  { agent, brought, decisions }: AgentShown,
): Promise<number | undefined> {
  if (isTooEarly(agent, observed)) return undefined
  const status = agentStatus(agent, {
    statefulSet: statefulSetOf(observed),
    pods: observed.pods,
    reports: observed.reports,
    flows: decisions.filter(({ delivered }) => delivered).map(({ flow }) => flow.metadata.name),
    image: agent.spec.image ?? parts.image,
    now: timestamp(parts.clock.now()),
    ...brought,
  })
  return writeStatus(parts, scope, agent, status)
}

/**
 * Whether there is an agent that runs and was not asked yet how it is, which it is within a second: after a
 * start of the operator a status would be wrong for that long.
 */
function isTooEarly(
  { metadata, status }: FlumeAgent | FlumeFlow,
  { pods, reports }: PoolObservation,
): boolean {
  if (status?.observedGeneration !== metadata.generation) return false
  return pods.some(
    (pod) =>
      pod.status?.phase === 'Running' && !isLeaving(pod) && !reports.has(pod.metadata.uid ?? ''),
  )
}

function statefulSetOf({ objects }: PoolObservation): StatefulSet | undefined {
  return objects.find((each): each is StatefulSet => each.kind === 'StatefulSet')
}
