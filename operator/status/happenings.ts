import type { Condition } from '../api/types.ts'

/** What is told as an Event, see the event recorder. */
export interface Told {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly action: string
  readonly note: string
}

/** Conditions that are good when they are False. */
const BAD_WHEN_TRUE: ReadonlySet<string> = new Set(['Degraded'])
/** Told whichever way they change; of the others only what is wrong, and what is right again. */
const NEUTRAL: ReadonlySet<string> = new Set(['Progressing', 'Paused'])
/** A flow that is ready was accepted and programmed before: one of these is enough to tell. */
const QUIET_WHEN_GOOD: ReadonlySet<string> = new Set(['Accepted', 'ResolvedRefs', 'Ready'])
/** What a flow is not ready for was told by the condition that is to blame. */
const SUMMARIES: ReadonlySet<string> = new Set(['Ready'])

/** The changes between two sets of conditions that a user would want to hear of. Pure. */
export function happenings(
  before: readonly Condition[],
  after: readonly Condition[],
): readonly Told[] {
  return after.flatMap((condition) => {
    const { type, status, reason, message } = condition
    const earlier = before.find((each) => each.type === type)
    if (earlier?.status === status && earlier.reason === reason) return []
    const kind = kindOf(condition, earlier)
    if (kind === undefined) return []
    const note = message === '' ? `${type} is ${status}` : message
    return [{ type: kind, reason, action: type, note }]
  })
}

function kindOf(
  { type, status, reason, message }: Condition,
  earlier: Condition | undefined,
): Told['type'] | undefined {
  if (NEUTRAL.has(type)) {
    if (reason === 'Stalled') return 'Warning'
    // Nothing has changed for an object that is seen for the first time.
    return status === 'True' || earlier !== undefined ? 'Normal' : undefined
  }
  const isBad = (status === 'True') === BAD_WHEN_TRUE.has(type)
  if (!isBad) {
    const wasBad = earlier !== undefined && earlier.status !== status
    if (wasBad) return 'Normal'
    return earlier === undefined && !QUIET_WHEN_GOOD.has(type) && status === 'True'
      ? 'Normal'
      : undefined
  }
  if (SUMMARIES.has(type) || reason === 'Pending' || message === '') return undefined
  return status === 'Unknown' ? undefined : 'Warning'
}
