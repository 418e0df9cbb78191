import type { Batch } from './batch.ts'

/** Events that a component cannot deal with, now or ever, and why. */
export interface DeadLetter {
  readonly batch: Batch
  /** One sentence for people; the same for all events of the batch. */
  readonly reason: string
}

/** Headers that the pipeline sets on events in the dead-letter channel of a flow. */
export const DEAD_LETTER_HEADERS = {
  reason: 'flume.deadLetter.reason',
  /** Kind and name of the component that gave up, such as `sink archive`. */
  component: 'flume.deadLetter.component',
  /** When, ISO 8601 in UTC. */
  time: 'flume.deadLetter.time',
  /** How many times it was tried before. */
  attempts: 'flume.deadLetter.attempts',
} as const
