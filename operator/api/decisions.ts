import type { DeliveredFlow } from '../../agent/config/delivered.ts'
import type { ConditionReason } from './conditions.ts'
import type { FlumeFlow } from './types.ts'

/** What becomes a condition. */
export interface Verdict {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: ConditionReason
  readonly message: string
}

/** What is done with a flow. */
export interface FlowDecision {
  readonly flow: FlumeFlow
  readonly accepted: Verdict
  readonly resolvedRefs: Verdict
  /** What the agents are given: the flow as it is, else its last good version; undefined if there is none. */
  readonly delivered: DeliveredFlow | undefined
  /** Whether that is the flow as it is. */
  readonly isCurrent: boolean
}
