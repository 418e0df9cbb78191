import { Intervals } from '../lib/intervals.ts'
import type { Interval } from '../lib/intervals.ts'
import { select } from './batch.ts'
import type { Batch } from './batch.ts'

/** What a channel keeps of the streams of senders, so that what is sent again is not taken twice. */

/** A run of sequences of a sender's stream, all taken by one routing. */
export interface SenderRange {
  readonly from: number
  readonly to: number
  /** The lowest sequence that was not acknowledged to the sender. */
  readonly floor: number
  readonly routing: string
}

/** Most runs kept of one sender; beyond, the lowest are forgotten: they would come twice, never be lost. */
export const SENDER_RUNS_MAX = 1024

/**
 * The sequences of one stream that are in the channel: a set above the floor, never a highest number.
 * With two connections batch 3 is in before batch 2 is sent again, and 3 says nothing about 2.
 */
export class SenderRanges {
  #floor = 0
  #routing = ''
  readonly #taken = new Intervals()

  static of(range: Omit<SenderRange, 'from' | 'to'>, runs: readonly Interval[]): SenderRanges {
    const result = new SenderRanges()
    result.#floor = range.floor
    result.#routing = range.routing
    for (const { from, to } of runs) result.#taken.add(from, to)
    return result
  }

  get floor(): number {
    return this.#floor
  }

  get routing(): string {
    return this.#routing
  }

  get runs(): readonly Readonly<Interval>[] {
    return this.#taken.ranges()
  }

  copy(): SenderRanges {
    return SenderRanges.of(this, this.runs)
  }

  /**
   * The events of a batch with a sender's origin that are to be stored; undefined when there are none.
   * Below the floor they were taken by this agent or another; in the ranges they are here, if the
   * routing is the same: another one may send here what the first did not.
   */
  untaken(batch: Batch): Batch | undefined {
    const { from, to, routing, offsets } = batch.origin!
    const isTrimmed = routing !== '' && routing === this.#routing
    const taken = isTrimmed ? this.#taken.countIn(from, to) : 0
    if (from >= this.#floor && taken === 0) return batch
    const indices: number[] = []
    for (let i = 0; i < batch.count; i++) {
      const sequence = offsets[i]! - 1
      if (sequence >= this.#floor && !(isTrimmed && this.#taken.has(sequence))) indices.push(i)
    }
    return indices.length === 0 ? undefined : select(batch, Uint32Array.from(indices))
  }

  /** A batch of that range was committed. */
  take({ from, to, floor, routing }: SenderRange): void {
    if (routing !== this.#routing) this.#clear()
    this.#routing = routing
    this.#floor = Math.max(this.#floor, floor)
    if (routing !== '') this.#taken.add(from, to)
    this.#taken.remove(0, this.#floor)
    while (this.#taken.count > SENDER_RUNS_MAX) {
      const lowest = this.#taken.first!
      this.#taken.remove(lowest.from, lowest.to)
    }
  }

  #clear(): void {
    for (let first = this.#taken.first; first !== undefined; first = this.#taken.first)
      this.#taken.remove(first.from, first.to)
  }
}

/**
 * The senders a channel knows, bounded in bytes: the least recently used is forgotten first. Senders come
 * and go with their pods, each open of a sender's channel being a stream of its own.
 */
export class SenderTable {
  readonly #bytesMax: number
  /** In order of use, the oldest first: a Map iterates in the order of insertion. */
  readonly #byStream = new Map<string, SenderRanges>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get size(): number {
    return this.#byStream.size
  }

  get(stream: string): SenderRanges | undefined {
    return this.#byStream.get(stream)
  }

  take(stream: string, range: SenderRange): void {
    const ranges = this.#remove(stream) ?? new SenderRanges()
    ranges.take(range)
    this.set(stream, ranges)
  }

  set(stream: string, ranges: SenderRanges): void {
    this.#remove(stream)
    this.#byStream.set(stream, ranges)
    this.#bytes += bytesOf(stream, ranges)
    for (const [oldest] of this.#byStream) {
      if (this.#bytes <= this.#bytesMax || oldest === stream) break
      this.#remove(oldest)
    }
  }

  entries(): IterableIterator<[string, SenderRanges]> {
    return this.#byStream.entries()
  }

  #remove(stream: string): SenderRanges | undefined {
    const known = this.#byStream.get(stream)
    if (known === undefined) return undefined
    this.#byStream.delete(stream)
    this.#bytes -= bytesOf(stream, known)
    return known
  }
}

/** As encoded: two texts with their lengths, the floor, and two numbers for each run. */
function bytesOf(stream: string, { routing, runs }: SenderRanges): number {
  return 16 + Buffer.byteLength(stream) + Buffer.byteLength(routing) + 16 * runs.length
}
