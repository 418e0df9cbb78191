import type { ConditionType } from '../api/conditions.ts'
import type { Verdict } from '../api/decisions.ts'
import type { Condition } from '../api/types.ts'

/** Messages are shown in terminals and kept by the API server; a longer one is cut. */
const MESSAGE_LENGTH_MAX = 2000

/** What is said of an object now. */
export interface Judged {
  readonly previous: readonly Condition[]
  readonly generation: number | undefined
  /** ISO 8601, to the second. */
  readonly now: string
}

/** The conditions in the order of `verdicts`. One whose status stays keeps its time. Pure. */
export function conditionsOf(
  verdicts: Readonly<Partial<Record<ConditionType, Verdict>>>,
  { previous, generation, now }: Judged,
): readonly Condition[] {
  return Object.entries(verdicts).map(([key, { status, reason, message }]) => {
    const type = key as ConditionType
    const before = previous.find((each) => each.type === type)
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now
    const text =
      message.length > MESSAGE_LENGTH_MAX ? `${message.slice(0, MESSAGE_LENGTH_MAX)}…` : message
    const condition = { type, status, reason, message: text, lastTransitionTime }
    if (generation === undefined) return condition
    return Object.assign(condition, { observedGeneration: generation })
  })
}

export function verdict(
  status: boolean | 'Unknown',
  reason: Verdict['reason'],
  message: string,
): Verdict {
  if (status === 'Unknown') return { status, reason, message }
  return { status: status ? 'True' : 'False', reason, message }
}

/** The time of conditions: RFC 3339 without fractions, as Kubernetes writes it. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
