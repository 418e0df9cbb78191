import type { Verdict } from '../api/decisions.ts'
import type { Pod, PodReport, StatefulSet } from '../api/live.ts'
import { formatSelector, selectorLabels } from '../api/pool-labels.ts'
import type { FlumeAgent, FlumeAgentStatus } from '../api/types.ts'
import { backlogOfPod, sumBacklog } from './backlog.ts'
import { conditionsOf, verdict } from './conditions.ts'
import { failureOf, isLeaving, isReady, isUpdated, ordinalOf } from './pods.ts'

/** What is known of a pool. */
export interface AgentFacts {
  readonly statefulSet: StatefulSet | undefined
  readonly pods: readonly Pod[]
  /** By UID of the pod. */
  readonly reports: ReadonlyMap<string, PodReport>
  /** Names of the flows that the agents are given. */
  readonly flows: readonly string[]
  /** Image that new pods have. */
  readonly image: string
  /** What the API server refuses of the pool, the worst first. */
  readonly problems: readonly { readonly reason: Verdict['reason']; readonly message: string }[]
  /** Whether a new template was written, that Kubernetes has yet to look at. */
  readonly isTemplateNew: boolean
  /** Why a rollout does not go on; undefined while it does, or there is none. */
  readonly stalled: string | undefined
  /** What would be changed, one line each; undefined unless the pool is paused. */
  readonly pending: readonly string[] | undefined
  /** What a deletion waits for; undefined unless the pool is being deleted. */
  readonly deleting: string | undefined
  /** ISO 8601, to the second. */
  readonly now: string
}

/** The status of a pool. Pure: the same facts give the same status. */
export function agentStatus(agent: FlumeAgent, facts: AgentFacts): FlumeAgentStatus {
  const { statefulSet, now } = facts
  const pods = facts.pods.toSorted((a, b) => ordinalOf(a) - ordinalOf(b))
  const staying = pods.filter((pod) => !isLeaving(pod))
  const counts = {
    replicas: staying.length,
    readyReplicas: staying.filter(isReady).length,
    updatedReplicas: staying.filter((pod) => isUpdated(pod, statefulSet)).length,
  }
  const { generation, name } = agent.metadata
  const verdicts = {
    Ready: ready(agent, staying),
    Progressing: progressing(agent, facts, counts),
    Degraded: degraded(pods, facts),
    Paused: paused(facts),
  }
  const backlog = backlogOf(agent, facts, staying)
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...counts,
    selector: formatSelector(selectorLabels(name)),
    flows: facts.flows.length,
    image: facts.image,
    ...(backlog === undefined ? {} : { backlog }),
    conditions: conditionsOf(verdicts, {
      previous: agent.status?.conditions ?? [],
      generation,
      now,
    }),
  }
}

/**
 * While it is being deleted the pods that leave count, and once one of them is gone nothing changes any more: what they
 * said last is what is told about the volumes that are kept.
 */
function backlogOf({ spec, status }: FlumeAgent, facts: AgentFacts, staying: readonly Pod[]) {
  const previous = status?.backlog
  const isDeleting = facts.deleting !== undefined
  if (isDeleting && facts.pods.length < spec.replicas) return previous
  const parts = (isDeleting ? facts.pods : staying).map((pod) => {
    const report = facts.reports.get(pod.metadata.uid ?? '')
    return report?.known === true ? backlogOfPod(report) : undefined
  })
  return sumBacklog(parts, previous)
}

function ready({ spec: { replicas } }: FlumeAgent, pods: readonly Pod[]): Verdict {
  if (replicas === 0) return verdict(true, 'NoReplicas', 'the pool is scaled to zero')
  const count = pods.filter((pod) => ordinalOf(pod) < replicas && isReady(pod)).length
  const message = `${count} of ${replicas} replicas are ready`
  return count >= replicas
    ? verdict(true, 'AllReplicasReady', message)
    : verdict(false, 'ReplicasNotReady', message)
}

function progressing(
  { spec, metadata }: FlumeAgent,
  { statefulSet, isTemplateNew, stalled, deleting }: AgentFacts,
  { replicas, updatedReplicas }: { readonly replicas: number; readonly updatedReplicas: number },
): Verdict {
  if (deleting !== undefined) return verdict(true, 'Deleting', deleting)
  if (statefulSet === undefined)
    return verdict(true, 'Scaling', `the StatefulSet ${metadata.name} is not there yet`)
  const seen = statefulSet.status?.observedGeneration ?? 0
  // At first there is nothing that could be replaced.
  if (seen === 0)
    return verdict(true, 'Scaling', 'Kubernetes has not looked at the StatefulSet yet')
  if (seen < (statefulSet.metadata.generation ?? 0) || isTemplateNew)
    return verdict(true, 'RollingOut', 'Kubernetes has not looked at the new template yet')
  if (replicas !== spec.replicas)
    return verdict(true, 'Scaling', `there are ${replicas} pods, and ${spec.replicas} are wanted`)
  if (updatedReplicas >= replicas) return verdict(false, 'UpToDate', '')
  const message = `${updatedReplicas} of ${replicas} replicas have the newest template`
  if (stalled === undefined) return verdict(true, 'RollingOut', message)
  return verdict(false, 'Stalled', `${message}; ${stalled}`)
}

function degraded(pods: readonly Pod[], facts: AgentFacts): Verdict {
  const problems = [
    ...facts.problems,
    ...pods.flatMap((pod) => asProblem('PodsFailing', failureOf(pod))),
    ...refusals(pods, facts),
    ...left(pods, facts),
    ...silent(pods, facts),
  ]
  const [first] = problems
  if (first === undefined) return verdict(false, 'AsExpected', '')
  return verdict(true, first.reason, problems.map(({ message }) => message).join('; '))
}

function asProblem(reason: Verdict['reason'], message: string | undefined) {
  return message === undefined ? [] : [{ reason, message }]
}

function refusals(pods: readonly Pod[], { reports }: AgentFacts) {
  const refusing = pods.flatMap(({ metadata }) =>
    (reports.get(metadata.uid ?? '')?.flows ?? [])
      .filter(({ result, missingSecrets }) => result === 'refused' && missingSecrets.length === 0)
      .map(
        ({ flow, problems }) =>
          `${metadata.name} refuses the flow ${flow}: ${problems[0] ?? 'without a reason'}`,
      ),
  )
  return asProblem('FlowsRefused', refusing[0])
}

/** Events that nothing delivers: of flows that are gone, and of channels that are in no flow any more. */
function left(pods: readonly Pod[], { reports, flows }: AgentFacts) {
  const places = new Map<string, string[]>()
  for (const { metadata } of pods) {
    for (const { flow, leftChannels } of reports.get(metadata.uid ?? '')?.flows ?? []) {
      for (const { name } of leftChannels) {
        const gone = flows.includes(flow) ? '' : ', which is gone'
        const channel = `the channel ${name} of the flow ${flow}${gone}`
        places.set(channel, [...(places.get(channel) ?? []), metadata.name])
      }
    }
  }
  if (places.size === 0) return []
  const listed = [...places].map(([channel, found]) => `${channel} (${found.join(', ')})`)
  const message = `events wait where no sink drains them: ${listed.join('; ')}. They are kept. Put the flow, or the channel, back to deliver them`
  return asProblem('OrphanedBacklog', message)
}

function silent(pods: readonly Pod[], { reports }: AgentFacts) {
  const names = pods
    .filter((pod) => isReady(pod) && reports.get(pod.metadata.uid ?? '')?.reachable === false)
    .map(({ metadata }) => metadata.name)
  if (names.length === 0) return []
  const message = `${names.join(', ')} did not answer the operator at port 8081. A NetworkPolicy may be in the way`
  return asProblem('AgentsUnreachable', message)
}

function paused({ pending }: AgentFacts): Verdict {
  if (pending === undefined) return verdict(false, 'NotPaused', '')
  const what =
    pending.length === 0 ? 'nothing is to be changed' : `to be changed: ${pending.join('; ')}`
  return verdict(true, 'Paused', what)
}
