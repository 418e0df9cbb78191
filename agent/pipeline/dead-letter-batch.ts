import { batchOf, bodyAt, headersAt } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import { DEAD_LETTER_HEADERS, shortReason } from '../core/dead-letter.ts'

/** Events for the dead-letter channel of a flow, and what their headers are to say. */
export interface Letters {
  readonly batch: Batch
  /** The same for all, or one for each event. */
  readonly reason: string | readonly string[]
  /** Kind and name of the component that gave up. */
  readonly component: string
  readonly attempts: number
}

/**
 * What the headers of a dead letter may take in a record, beyond those it came with. Records hold a
 * multiple of the bytes that a batch may have in bodies, so a batch of so many letters fits.
 */
export const LETTER_HEADER_BYTES = 2048

/**
 * The events of all letters in one batch, in the order of their offsets: a channel takes each stretch
 * of a stream once. All letters have the origin of the batch that they were taken from, or none.
 */
export function deadLetterBatch(letters: readonly Letters[], nowMs: number): Batch {
  const time = new Date(nowMs).toISOString()
  const marked = letters.map((each) => withReasons(each, time))
  return inOneBatch(marked)
}

function withReasons({ batch, reason, component, attempts }: Letters, time: string): Batch {
  const names = DEAD_LETTER_HEADERS
  const common = new Map(batch.headers.common)
  const columns = new Map(batch.headers.columns)
  for (const name of Object.values(names)) {
    common.delete(name)
    columns.delete(name)
  }
  common.set(names.component, component)
  common.set(names.time, time)
  common.set(names.attempts, String(attempts))
  if (typeof reason === 'string') common.set(names.reason, shortReason(reason))
  else columns.set(names.reason, reason.map(shortReason))
  return { ...batch, headers: { common, columns } }
}

/** The events of several batches of one origin, in the order of their offsets. */
export function inOneBatch(batches: readonly Batch[]): Batch {
  if (batches.length === 1) return batches[0]!
  const events = batches.flatMap((batch) =>
    Array.from({ length: batch.count }, (_, i) => ({ batch, i, offset: offsetOf(batch, i) })),
  )
  // Stable: events that share an offset stay in the order of the batches.
  events.sort((a, b) => a.offset - b.offset)
  const { origin } = batches[0]!
  const of = origin && { ...origin, offsets: Float64Array.from(events, ({ offset }) => offset) }
  return batchOf(
    events.map(({ batch, i }) => ({ body: bodyAt(batch, i), headers: headersAt(batch, i) })),
    of,
  )
}

function offsetOf({ origin }: Batch, i: number): number {
  return origin === undefined ? 0 : origin.offsets[i]!
}
