import type { Batch, Origin, Position } from '../../core/batch.ts'
import { slice } from '../../core/batch.ts'
import { Intervals } from '../../lib/intervals.ts'
import type { EncodedBatch, StreamPosition } from './batch-codec.ts'
import type { Acknowledgement } from './state.ts'

/** An append that waits for its group. */
export interface PendingAppend {
  readonly batch: Batch
  /** Its record, made when it was queued. */
  readonly encoded?: EncodedBatch
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * Acknowledgements, sink states and bare positions that wait for the next group; they become one
 * ACK record.
 */
export class PendingAcknowledgements {
  #ranges = new Intervals()
  #states = new Map<string, Buffer>()
  #waiting: PromiseWithResolvers<void>[] = []
  lostEvents = 0
  quarantinedRecords = 0

  get empty(): boolean {
    return (
      this.#ranges.count === 0 &&
      this.#states.size === 0 &&
      this.lostEvents === 0 &&
      this.quarantinedRecords === 0
    )
  }

  /** Number of ranges that are not contiguous. */
  get rangesCount(): number {
    return this.#ranges.count
  }

  addRanges(ranges: readonly { readonly from: number; readonly to: number }[]): void {
    for (const range of ranges) this.#ranges.add(range.from, range.to)
  }

  setState(sink: string, state: Buffer): void {
    this.#states.set(sink, state)
  }

  /** Resolves once what is in here now is durable; rejects when the channel closes before. */
  whenDurable(): Promise<void> {
    const waiting = Promise.withResolvers<void>()
    // Callers need not wait, so that a rejection may have no other handler.
    waiting.promise.catch(() => {})
    this.#waiting.push(waiting)
    return waiting.promise
  }

  /** What an ACK record says of it, on top of the totals so far. */
  toRecord(
    totals: { readonly lostEvents: number; readonly quarantinedRecords: number },
    positions: readonly StreamPosition[],
  ): Acknowledgement {
    return {
      ranges: this.#ranges.ranges(),
      lostEvents: totals.lostEvents + this.lostEvents,
      quarantinedRecords: totals.quarantinedRecords + this.quarantinedRecords,
      sinkStates: this.#states,
      positions,
    }
  }

  settle(): void {
    for (const waiting of this.#waiting) waiting.resolve()
  }

  fail(error: Error): void {
    for (const waiting of this.#waiting) waiting.reject(error)
  }

  /** Puts what could not be written in front of what came since. */
  prepend(earlier: PendingAcknowledgements): void {
    this.addRanges(earlier.#ranges.ranges())
    this.#states = new Map([...earlier.#states, ...this.#states])
    this.#waiting = [...earlier.#waiting, ...this.#waiting]
    this.lostEvents += earlier.lostEvents
    this.quarantinedRecords += earlier.quarantinedRecords
  }
}

/**
 * Leaves out the events a channel already has: same routing, offset at or below the position. The
 * result is the batch itself when it has none of them, undefined when nothing is new in it.
 */
export function trim(batch: Batch, known: Position | undefined): Batch | undefined {
  const origin = batch.origin
  if (origin === undefined || known === undefined) return batch
  if (origin.routing === '' || origin.routing !== known.routing) return batch
  if (origin.to <= known.offset) return undefined
  const first = firstAbove(origin, known.offset)
  return first === 0 ? batch : slice(batch, first, batch.count)
}

function firstAbove(origin: Origin, offset: number): number {
  let low = 0
  let high = origin.offsets.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (origin.offsets[middle]! <= offset) low = middle + 1
    else high = middle
  }
  return low
}
