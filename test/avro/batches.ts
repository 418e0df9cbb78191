import * as fc from 'fast-check'
import type { Batch } from '../../agent/core/batch.ts'
import { batchOf, bodyAt, headersAt } from '../../agent/core/batch.ts'

export interface PlainEvent {
  readonly headers: Record<string, string>
  readonly body: string
}

/** Each event as a plain value, bodies as latin1. */
export function eventsOf(batch: Batch): PlainEvent[] {
  return Array.from({ length: batch.count }, (_, i) => ({
    headers: { ...headersAt(batch, i) },
    body: bodyAt(batch, i).toString('latin1'),
  }))
}

export function batchFrom(events: readonly PlainEvent[], gap: 0 | 1 = 0): Batch {
  const bodies = events.map(({ body }) => Buffer.from(body, 'latin1'))
  const batch = batchOf(events.map(({ headers }, i) => ({ headers, body: bodies[i]! })))
  if (gap === 0) return batch
  const spaced = Buffer.concat(bodies.flatMap((body) => [body, LINE_FEED]))
  return { ...batch, gap, bodies: spaced, ends: batch.ends.map((end, i) => end + i + 1) }
}

const LINE_FEED = Buffer.from('\n')

const name = fc.oneof(fc.constantFrom('host', 'timestamp', 'k', ''), fc.string({ maxLength: 8 }))
const text = fc.oneof(
  fc.constantFrom('a', 'b', ''),
  fc.string({ unit: 'binary', maxLength: 80 }).filter((value) => value.isWellFormed()),
)
const headers = fc
  .array(fc.tuple(name, text), { maxLength: 4 })
  .map((entries): Record<string, string> => Object.fromEntries(entries))
  .filter((value) => !Object.hasOwn(value, '__proto__'))
const body = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)

/** Runs of events whose headers are mostly alike, as they are in life. */
export const plainEvents: fc.Arbitrary<PlainEvent[]> = fc
  .array(fc.tuple(headers, fc.array(body, { maxLength: 4 })), { maxLength: 12 })
  .map((runs) =>
    runs.flatMap(([shared, bodies]) => bodies.map((each) => ({ headers: shared, body: each }))),
  )
