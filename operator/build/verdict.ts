import type { ConditionReason } from '../api/conditions.ts'

/** What becomes of a condition. */
export interface Verdict {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: ConditionReason
  readonly message: string
}
