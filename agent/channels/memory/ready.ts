import { bodyBytes, slice } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import type { TakeOptions } from '../../core/channel.ts'
import type { Delivery } from './delivery.ts'
import { Fifo } from './fifo.ts'

/** Events [from, to) of a batch in the channel. */
export interface Run {
  readonly delivery: Delivery
  readonly from: number
  readonly to: number
}

/** Events that no sink has: released ones first, then those that were never taken, both in order. */
export class Ready {
  readonly #fresh = new Fifo<Delivery>()
  #released: Run[] = []
  /** Part of the first fresh batch that was taken. */
  #taken = 0

  get empty(): boolean {
    return this.#fresh.length === 0 && this.#released.length === 0
  }

  add(delivery: Delivery): void {
    this.#fresh.push(delivery)
  }

  giveBack(runs: readonly Run[]): void {
    this.#released = [...this.#released, ...runs].sort((a, b) => sequenceOf(a) - sequenceOf(b))
  }

  /** At least one event if there is any, however large; then as many as both bounds allow. */
  take(bounds: Pick<TakeOptions, 'eventsMax' | 'bytesMax'>): Run[] {
    const runs: Run[] = []
    let { eventsMax: eventsLeft, bytesMax: bytesLeft } = bounds
    while (eventsLeft > 0) {
      const next = this.#next()
      if (next === undefined) break
      const count = Math.min(eventsLeft, fitting(next, bytesLeft))
      const taken = Math.max(count, runs.length === 0 ? 1 : 0)
      if (taken === 0) break
      const run = { ...next, to: next.from + taken }
      this.#consume(next, taken)
      runs.push(run)
      eventsLeft -= taken
      bytesLeft -= bytesOf(run)
    }
    return runs
  }

  #next(): Run | undefined {
    const released = this.#released[0]
    if (released !== undefined) return released
    const delivery = this.#fresh.first()
    return delivery && { delivery, from: this.#taken, to: delivery.batch.count }
  }

  #consume(run: Run, count: number): void {
    const rest = run.to - run.from - count
    if (this.#released.length > 0) {
      this.#released.shift()
      if (rest > 0) this.#released.unshift({ ...run, from: run.from + count })
    } else if (rest > 0) {
      this.#taken += count
    } else {
      this.#taken = 0
      this.#fresh.shift()
    }
  }
}

/** The first `events` events of several runs, and the others. */
export function splitRuns(runs: readonly Run[], events: number): readonly [Run[], Run[]] {
  const first: Run[] = []
  const rest: Run[] = []
  let left = events
  for (const run of runs) {
    const at = run.from + Math.min(left, run.to - run.from)
    if (at > run.from) first.push({ ...run, to: at })
    if (at < run.to) rest.push({ ...run, from: at })
    left -= at - run.from
  }
  return [first, rest]
}

export function batchOfRun({ delivery, from, to }: Run): Batch {
  return slice(delivery.batch, from, to)
}

/** Bytes of the bodies. */
export function bytesOf({ delivery, from, to }: Run): number {
  const { batch } = delivery
  if (from === 0 && to === batch.count) return bodyBytes(batch)
  const start = from === 0 ? 0 : batch.ends[from - 1]!
  return batch.ends[to - 1]! - start - batch.gap * (to - from)
}

function sequenceOf({ delivery, from }: Run): number {
  return delivery.batch.ids!.first + from
}

/** How many events from the start of the run have together at most `bytes`. */
function fitting(run: Run, bytes: number): number {
  let low = 0
  let high = run.to - run.from
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (bytesOf({ ...run, to: run.from + middle }) <= bytes) low = middle
    else high = middle - 1
  }
  return low
}
