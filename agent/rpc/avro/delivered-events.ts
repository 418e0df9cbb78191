import { slice } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import { Intervals } from '../../lib/intervals.ts'

/** Runs of sequences that are kept; the lowest of a stream are forgotten first. */
export const DELIVERED_RUNS_MAX = 1024
/** A channel has one per time it was opened. */
export const DELIVERED_STREAMS_MAX = 64

/**
 * What arrived of writes that failed as a whole: of forty requests the last one found nobody. Those events
 * come again with the next lease, perhaps cut in other places, and would then go to whichever receiver is
 * next. They are left out instead, so that no more events arrive twice than were in flight.
 */
export class DeliveredEvents {
  /** In order of use, the oldest first. */
  readonly #byStream = new Map<string, Intervals>()

  /** Events [first, first + count) of a stream were answered OK. */
  add(stream: string, first: number, count: number): void {
    const runs = this.#byStream.get(stream) ?? new Intervals()
    runs.add(first, first + count)
    while (runs.count > DELIVERED_RUNS_MAX) runs.remove(runs.first!.from, runs.first!.to)
    this.#byStream.delete(stream)
    this.#byStream.set(stream, runs)
    for (const [oldest] of this.#byStream) {
      if (this.#byStream.size <= DELIVERED_STREAMS_MAX) break
      this.#byStream.delete(oldest)
    }
  }

  /** The batches without those events. The same list when there are none in it, as mostly. */
  missing(batches: readonly Batch[]): readonly Batch[] {
    if (this.#byStream.size === 0) return batches
    return batches.flatMap((batch) => this.#missingOf(batch))
  }

  /** The batches are delivered and do not come again, nor does anything below their floor. */
  forget(batches: readonly Batch[]): void {
    if (this.#byStream.size === 0) return
    for (const { ids, count } of batches) {
      const runs = ids && this.#byStream.get(ids.stream)
      if (ids === undefined || runs === undefined) continue
      runs.remove(ids.first, ids.first + count)
      runs.remove(0, ids.floor ?? 0)
      if (runs.count === 0) this.#byStream.delete(ids.stream)
    }
  }

  #missingOf(batch: Batch): readonly Batch[] {
    const { ids, count } = batch
    const runs = ids && this.#byStream.get(ids.stream)
    if (ids === undefined || runs === undefined) return [batch]
    const { first } = ids
    if (runs.countIn(first, first + count) === 0) return [batch]
    const pieces: Batch[] = []
    let from = 0
    for (const run of runs.ranges()) {
      if (run.from >= first + count) break
      if (run.to <= first + from) continue
      if (run.from > first + from) pieces.push(slice(batch, from, run.from - first))
      from = Math.min(count, run.to - first)
    }
    if (from < count) pieces.push(slice(batch, from, count))
    return pieces
  }
}
