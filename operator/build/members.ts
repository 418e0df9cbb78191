import { LABELS } from '../api/constants.ts'
import type { FlumeAgent, FlumeFlow } from '../api/types.ts'

/** A flow without agentRef has a pool of its own: one that was made for a flow. */
export function runsIn(agent: FlumeAgent, flow: FlumeFlow): boolean {
  return flow.spec.agentRef !== undefined || agent.metadata.labels?.[LABELS.forFlow] !== undefined
}

/** The oldest first; by name where two are of the same second. */
export function byAge(flows: readonly FlumeFlow[]): readonly FlumeFlow[] {
  const age = ({ metadata }: FlumeFlow) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`
  return flows.toSorted((a, b) => (age(a) < age(b) ? -1 : 1))
}
