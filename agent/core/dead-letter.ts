import type { Batch } from './batch.ts'

/** Why, for counting: `threw`: a plugin failed; `returned`: it gave back no event; `invalid`: a check failed. */
export type DeadLetterKind = 'threw' | 'returned' | 'invalid'

/** Events that a component cannot deal with, now or ever, and why. */
export interface DeadLetter {
  readonly batch: Batch
  /** One sentence for people; the same for all events of the batch. */
  readonly reason: string
  readonly kind: DeadLetterKind
}

/** Of a reason; what others wrote stands in it, and may be of any length. */
export const REASON_LENGTH_MAX = 500

/** Of bounded length, and on one line. */
export function shortReason(text: string): string {
  // Cut first: whoever wrote it may have written megabytes.
  const line = text
    .slice(0, 2 * REASON_LENGTH_MAX)
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
  return line.length > REASON_LENGTH_MAX ? `${line.slice(0, REASON_LENGTH_MAX - 1)}…` : line
}

/** Headers that the pipeline sets on events in the dead-letter channel of a flow. */
export const DEAD_LETTER_HEADERS = {
  reason: 'flume.deadLetter.reason',
  /** Kind and name of the component that gave up, such as `sink archive`. */
  component: 'flume.deadLetter.component',
  /** When, ISO 8601 in UTC. */
  time: 'flume.deadLetter.time',
  /** How many times it was tried. */
  attempts: 'flume.deadLetter.attempts',
} as const
