import { batchOf, bodyAt, headersAt, slice } from '../../../agent/core/batch.ts'
import type { Batch } from '../../../agent/core/batch.ts'

/** Sequences, both ends included, as `flume.ranges` has them. */
export interface SequenceRange {
  readonly first: number
  readonly last: number
}

/** What a sender hands over at once: events of one stream, and where they stand in it. */
export interface HopRequest {
  readonly id: number
  readonly sender: string
  readonly stream: string
  readonly ranges: readonly SequenceRange[]
  readonly floor: number
  readonly batch: Batch
  /** Names of the events, for the oracle. */
  readonly keys: readonly string[]
}

export type Answer = 'ok' | 'failed'

/** Header that tells which request brought a stored event. */
export const REQUEST_HEADER = 'request'

/** A lease as requests are made of it: its events one by one. */
export interface SentEvent {
  readonly stream: string
  readonly sequence: number
  readonly floor: number
  readonly key: string
  readonly body: Buffer
  readonly headers: Record<string, string>
}

export function eventsOfLease(
  batches: readonly Batch[],
  keyOf: (body: Buffer) => string,
): SentEvent[] {
  return batches.flatMap((batch) => {
    const { stream, first, floor } = batch.ids!
    return Array.from({ length: batch.count }, (_, i) => ({
      stream,
      sequence: first + i,
      floor: floor ?? 0,
      key: keyOf(bodyAt(batch, i)),
      body: bodyAt(batch, i),
      headers: headersAt(batch, i),
    }))
  })
}

/** The request for events of one stream, in the order they have. */
export function requestOf(id: number, sender: string, events: readonly SentEvent[]): HopRequest {
  const { stream, floor } = events[0]!
  const ranges: { first: number; last: number }[] = []
  for (const { sequence } of events) {
    const range = ranges.at(-1)
    if (range?.last === sequence - 1) range.last = sequence
    else ranges.push({ first: sequence, last: sequence })
  }
  const batch = batchOf(
    events.map(({ body, headers }) => ({
      body,
      headers: { ...headers, [REQUEST_HEADER]: String(id) },
    })),
  )
  return { id, sender, stream, ranges, floor, batch, keys: events.map(({ key }) => key) }
}

/** The batches a receiver makes of a request: one for each contiguous range. */
export function batchesOf(request: HopRequest): Batch[] {
  const { stream, floor } = request
  let at = 0
  return request.ranges.map(({ first, last }) => {
    const count = last - first + 1
    const part = slice(request.batch, at, (at += count))
    const offsets = Float64Array.from({ length: count }, (_, i) => first + i + 1)
    const origin = { stream, from: first, to: last + 1, offsets, memo: '', routing: '', floor }
    return { ...part, origin }
  })
}
