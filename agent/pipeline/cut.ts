import { bodyBytes, slice, startOf } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import type { BatchSize, ChannelLimits } from '../core/channel.ts'

export interface Cut {
  readonly batches: readonly Batch[]
  /** Events that no channel could take: alone above the limit. They are in none of the batches. */
  readonly refusedEvents: number
}

/** What a batch asks of a channel. */
export function sizeOf(batch: Batch): BatchSize {
  return { events: batch.count, bytes: bodyBytes(batch) }
}

/** The tightest of several channels, so that one cut fits all. */
export function tightest(limits: readonly ChannelLimits[]): ChannelLimits {
  return {
    batchEventsMax: Math.min(...limits.map((each) => each.batchEventsMax)),
    batchBytesMax: Math.min(...limits.map((each) => each.batchBytesMax)),
  }
}

/**
 * The batch in pieces within `limits`. Events that share an offset (children of a split) stay
 * together: a position between them would claim those that are still to come.
 */
export function cut(batch: Batch, limits: ChannelLimits): Cut {
  const bytes = bodyBytes(batch)
  if (batch.count <= limits.batchEventsMax && bytes <= limits.batchBytesMax)
    return { batches: [batch], refusedEvents: 0 }
  const batches: Batch[] = []
  let refusedEvents = 0
  let from = 0
  while (from < batch.count) {
    const fitting = fittingFrom(batch, from, limits)
    const to = fitting === batch.count ? fitting : betweenOffsets(batch, from, fitting)
    if (to > from) {
      batches.push(slice(batch, from, to))
      from = to
    } else {
      const next = afterOffset(batch, from)
      refusedEvents += next - from
      from = next
    }
  }
  return { batches: coverAll(batch, batches), refusedEvents }
}

/** The largest `to` so that events [from, to) are within the limits; `from` when not even one is. */
function fittingFrom(batch: Batch, from: number, limits: ChannelLimits): number {
  const start = startOf(batch, from)
  let low = from
  let high = Math.min(batch.count, from + limits.batchEventsMax)
  while (low < high) {
    const middle = (low + high + 1) >> 1
    const bytes = batch.ends[middle - 1]! - start - batch.gap * (middle - from)
    if (bytes <= limits.batchBytesMax) low = middle
    else high = middle - 1
  }
  return low
}

/** `to`, moved back to where the offset changes. */
function betweenOffsets(batch: Batch, from: number, to: number): number {
  const offsets = batch.origin?.offsets
  if (offsets === undefined) return to
  let at = to
  while (at > from && offsets[at] === offsets[at - 1]) at--
  return at
}

/** The first event behind `from` with another offset. */
function afterOffset(batch: Batch, from: number): number {
  const offsets = batch.origin?.offsets
  let at = from + 1
  if (offsets !== undefined) while (at < batch.count && offsets[at] === offsets[from]) at++
  return at
}

/** Where events at an end were refused, the origin still covers the whole range that was read. */
function coverAll(batch: Batch, batches: Batch[]): readonly Batch[] {
  const { origin } = batch
  if (origin === undefined) return batches
  if (batches.length === 0) return [withoutEvents(batch)]
  const last = batches.at(-1)!
  if (last.origin!.to !== origin.to)
    batches[batches.length - 1] = { ...last, origin: { ...last.origin!, to: origin.to } }
  return batches
}

/** The position of a batch alone. */
export function withoutEvents(batch: Batch): Batch {
  return {
    ...slice(batch, 0, 0),
    origin: batch.origin && { ...batch.origin, offsets: new Float64Array(0) },
  }
}
