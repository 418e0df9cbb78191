import type { FlowDecision, Verdict } from '../api/decisions.ts'
import type { Pod, PodReport, ReportedFlow } from '../api/live.ts'
import type { Backlog, FlumeFlow, FlumeFlowStatus } from '../api/types.ts'
import { backlogOfFlow, sumBacklog } from './backlog.ts'
import { conditionsOf, verdict } from './conditions.ts'

/** What is known of the pool of a flow. */
export interface FlowPool {
  readonly name: string
  /** Replicas that are wanted; 0 where there is no pool. */
  readonly replicas: number
  /** The pods that there are. */
  readonly pods: readonly Pod[]
  /** By UID of the pod. */
  readonly reports: ReadonlyMap<string, PodReport>
  readonly paused: boolean
  /** Whether a pod has the newest template: in another one a Secret may not be mounted yet. */
  readonly isUpdated: (pod: Pod) => boolean
  /** ISO 8601, to the second. */
  readonly now: string
}

/** The status of a flow. Pure: the same facts give the same status. */
export function flowStatus(decision: FlowDecision, pool: FlowPool): FlumeFlowStatus {
  const { flow } = decision
  const { generation } = flow.metadata
  const replicas = pool.pods.map((pod) => replicaOf(decision, pod, pool))
  const programmed = replicas.filter((each) => each.runs === 'newest').length
  const total = pool.replicas
  const conditions = {
    Accepted: decision.accepted,
    ResolvedRefs: resolvedRefs(decision, replicas),
    Programmed: programmedVerdict(decision, replicas, pool),
  }
  const Ready = readyVerdict(conditions, replicas)
  const judged = { previous: flow.status?.conditions ?? [], generation, now: pool.now }
  const backlog = backlogOf(flow, pool)
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    agent: pool.name,
    replicas: { total, programmed: Math.min(programmed, total) },
    ...(backlog === undefined ? {} : { backlog }),
    conditions: conditionsOf({ ...conditions, Ready }, judged),
  }
}

interface Replica {
  readonly name: string
  readonly updated: boolean
  readonly runs: 'newest' | 'refuses' | 'other' | 'unknown'
  readonly reported: ReportedFlow | undefined
}

function replicaOf(
  { flow, delivered, isCurrent }: FlowDecision,
  pod: Pod,
  pool: FlowPool,
): Replica {
  const report = pool.reports.get(pod.metadata.uid ?? '')
  const reported = report?.flows.find((each) => each.flow === flow.metadata.name)
  const replica = { name: pod.metadata.name, updated: pool.isUpdated(pod), reported }
  if (report?.reachable !== true) return { ...replica, runs: 'unknown' }
  if (!isCurrent || reported?.hash !== delivered?.hash) return { ...replica, runs: 'other' }
  return { ...replica, runs: reported?.result === 'applied' ? 'newest' : 'refuses' }
}

function resolvedRefs(
  { resolvedRefs: decided }: FlowDecision,
  replicas: readonly Replica[],
): Verdict {
  if (decided.status !== 'True') return decided
  const missing = replicas.flatMap(({ updated, reported }) =>
    updated ? (reported?.missingSecrets ?? []) : [],
  )
  const [first] = missing
  if (first === undefined) return decided
  const { secret, key } = first
  const others = new Set(missing.map((each) => `${each.secret}/${each.key}`)).size - 1
  const more = others > 0 ? ` ${others} more are missing.` : ''
  const message = `the Secret ${secret} is not there or has no key ${key}. Create it, or add the key: the agents look again by themselves.${more}`
  return verdict(false, 'SecretNotFound', message)
}

function programmedVerdict(
  { delivered, isCurrent }: FlowDecision,
  replicas: readonly Replica[],
  { replicas: total, paused }: FlowPool,
): Verdict {
  if (delivered === undefined)
    return verdict(false, 'NotAccepted', 'no version of it was good: the agents do not run it')
  if (!isCurrent) {
    const message = `the agents keep the last good version, generation ${delivered.generation}`
    return verdict(false, 'NotAccepted', message)
  }
  if (total === 0) return verdict(false, 'NoReplicas', 'the pool has no replicas that could run it')
  const newest = replicas.filter(({ runs }) => runs === 'newest').length
  if (newest >= total) return verdict(true, 'Programmed', `${total} of ${total} replicas run it`)
  const refusing = replicas.find(({ runs }) => runs === 'refuses')
  const held = refusing?.reported?.missingSecrets ?? []
  if (refusing !== undefined && held.length === 0) {
    const [problem = 'without a reason'] = refusing.reported?.problems ?? []
    return verdict(false, 'Refused', `${refusing.name} refuses it: ${problem}`)
  }
  const counted = `${newest} of ${total} replicas run it`
  if (paused) return verdict(false, 'Paused', `${counted}; the pool is paused`)
  const silent = replicas.filter(({ runs }) => runs === 'unknown')
  if (silent.length > 0 && newest + silent.length >= total) {
    const message = `${counted}; ${silent.map(({ name }) => name).join(', ')} did not say`
    return verdict('Unknown', 'AgentsUnreachable', message)
  }
  return verdict(false, 'Pending', counted)
}

function readyVerdict(
  { Accepted, ResolvedRefs, Programmed }: Readonly<Record<string, Verdict>>,
  replicas: readonly Replica[],
): Verdict {
  for (const needed of [Accepted!, ResolvedRefs!, Programmed!])
    if (needed.status !== 'True')
      return { ...needed, status: needed.status === 'Unknown' ? 'Unknown' : 'False' }
  const failing = replicas.find(({ reported }) => (reported?.failures.length ?? 0) > 0)
  if (failing === undefined) return verdict(true, 'Ready', '')
  return verdict(false, 'NotReady', `${failing.name}: ${failing.reported!.failures[0]!}`)
}

/** What waits for it in all replicas. */
function backlogOf(flow: FlumeFlow, { pods, reports }: FlowPool): Backlog | undefined {
  const parts = pods.map((pod) => {
    const report = reports.get(pod.metadata.uid ?? '')
    return report?.known === true ? backlogOfFlow(report, flow.metadata.name) : undefined
  })
  return sumBacklog(parts, flow.status?.backlog)
}
