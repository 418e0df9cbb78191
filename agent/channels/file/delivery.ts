import type { Batch } from '../../core/batch.ts'
import { slice } from '../../core/batch.ts'
import type { Lease, TakeOptions } from '../../core/channel.ts'
import { checkSinkState } from '../../core/channel.ts'
import { splitBatches } from '../../core/split.ts'
import { Intervals } from '../../lib/intervals.ts'
import type { Interval } from '../../lib/intervals.ts'
import { BatchCache } from './cache.ts'
import type { ReadResult } from './reader.ts'

/** Above this many acknowledged ranges no new events are handed out, so that CHECKPOINTs stay small. */
const ACKNOWLEDGED_RANGES_MAX = 4096

export interface DeliveryContext {
  readonly cacheBytesMax: number
  /** Reads events that are not in the cache. */
  readonly read: (sequence: number) => Promise<ReadResult>
  readonly acknowledged: (
    ranges: readonly Interval[],
    sink: string,
    state: Buffer | undefined,
  ) => Promise<void>
  /** Events that turned out to be unreadable. */
  readonly lost: (range: Interval) => void
  /**
   * Everything below is acknowledged, durably: what could come back after a crash must not be below a
   * floor that others were told.
   */
  readonly floor: () => number
  /** Ranges that are acknowledged, not contiguous with the floor. */
  readonly acknowledgedRanges: () => number
}

interface Taker {
  readonly options: TakeOptions
  readonly resolve: (lease: Lease | undefined) => void
  readonly reject: (error: unknown) => void
}

/** Hands committed events to sinks: which are free, which are leased, and where their bytes are. */
export class Delivery {
  readonly #context: DeliveryContext
  readonly #cache: BatchCache
  /** Free to be handed out: fresh, released, or left over from before the open. */
  readonly #available: Intervals
  /** Committed and not acknowledged: available or leased. */
  readonly #backlog = new Intervals()
  #handedOutEnd: number
  #takers: Taker[] = []
  #pumping: Promise<void> | undefined
  #redelivered = 0
  #acknowledgedEvents = 0
  #closed = false

  /** `handedOutEnd`: events below it were handed out before, or may be without bound. */
  constructor(context: DeliveryContext, backlog: Intervals, handedOutEnd: number) {
    this.#context = context
    this.#cache = new BatchCache(context.cacheBytesMax)
    this.#available = backlog
    for (const range of backlog.ranges()) this.#backlog.add(range.from, range.to)
    this.#handedOutEnd = handedOutEnd
  }

  get backlog(): Intervals {
    return this.#backlog
  }

  get leasedEvents(): number {
    return this.#backlog.size - this.#available.size
  }

  get redeliveredEvents(): number {
    return this.#redelivered
  }

  get acknowledgedEvents(): number {
    return this.#acknowledgedEvents
  }

  /** A batch is durable; its `ids` are set. */
  committed(batch: Batch): void {
    const first = batch.ids!.first
    this.#cache.push(batch)
    this.#available.add(first, first + batch.count)
    this.#backlog.add(first, first + batch.count)
  }

  take(options: TakeOptions): Promise<Lease | undefined> {
    if (this.#closed || options.signal.aborted) return Promise.resolve(undefined)
    return new Promise((resolve, reject) => {
      const taker: Taker = {
        options,
        resolve: (lease) => {
          options.signal.removeEventListener('abort', abort)
          resolve(lease)
        },
        reject: (error) => {
          options.signal.removeEventListener('abort', abort)
          reject(error)
        },
      }
      const abort = (): void => {
        if (!this.#takers.includes(taker)) return
        this.#takers = this.#takers.filter((each) => each !== taker)
        taker.resolve(undefined)
      }
      options.signal.addEventListener('abort', abort)
      this.#takers.push(taker)
      this.wake()
    })
  }

  /** There may be something to hand out. */
  wake(): void {
    if (this.#pumping !== undefined || this.#next() === undefined) return
    if (this.#takers.length > 0) this.#pumping = this.#pump()
  }

  /** Nobody takes any more; those who wait get nothing. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#pumping
    for (const taker of this.#takers.splice(0)) taker.resolve(undefined)
  }

  async #pump(): Promise<void> {
    // Everything that is committed in this turn can go into one lease.
    await Promise.resolve()
    while (this.#takers.length > 0 && this.#next() !== undefined && !this.#closed) {
      const taker = this.#takers.shift()!
      await this.#serve(taker)
    }
    this.#pumping = undefined
  }

  async #serve(taker: Taker): Promise<void> {
    const ranges: Interval[] = []
    try {
      const batches = await this.#gather(taker.options, ranges)
      if (batches.length === 0 && !taker.options.signal.aborted && !this.#closed) {
        this.#takers.unshift(taker)
      } else if (batches.length === 0 || taker.options.signal.aborted || this.#closed) {
        this.#putBack(ranges)
        taker.resolve(undefined)
      } else {
        taker.resolve(this.#lease(batches, ranges, taker.options.sink))
      }
    } catch (error) {
      this.#putBack(ranges)
      taker.reject(error)
    }
  }

  /** Takes events out of `available` into `ranges`, up to the sizes asked for. */
  async #gather(options: TakeOptions, ranges: Interval[]): Promise<Batch[]> {
    const batches: Batch[] = []
    let events = 0
    let bytes = 0
    while (events < options.eventsMax && bytes < options.bytesMax) {
      const range = this.#next()
      if (range === undefined) break
      const found = this.#cached(range.from) ?? (await this.#context.read(range.from))
      if ('lostTo' in found) {
        this.#lose(range.from, Math.min(found.lostTo, range.to))
        continue
      }
      const eventsMax = Math.min(options.eventsMax - events, range.to - range.from)
      const count = countWithin(found.batch, eventsMax, options.bytesMax - bytes)
      // At least one event is handed out, however large.
      if (count === 0 && batches.length > 0) break
      const batch = slice(found.batch, 0, Math.max(1, count))
      const to = range.from + batch.count
      this.#available.remove(range.from, to)
      this.#handedOutEnd = Math.max(this.#handedOutEnd, to)
      ranges.push({ from: range.from, to })
      batches.push(batch)
      events += batch.count
      bytes += batch.ends[batch.count - 1]!
    }
    this.#cache.dropBelow(this.#handedOutEnd)
    return batches
  }

  #cached(sequence: number): { batch: Batch } | undefined {
    const batch = this.#cache.find(sequence)
    if (batch === undefined) return undefined
    return { batch: slice(batch, sequence - batch.ids!.first, batch.count) }
  }

  /** The lowest range that may be handed out, a copy. */
  #next(): Interval | undefined {
    const first = this.#available.first
    if (first === undefined) return undefined
    const bounded = this.#context.acknowledgedRanges() >= ACKNOWLEDGED_RANGES_MAX
    const to = bounded ? Math.min(first.to, this.#handedOutEnd) : first.to
    return first.from < to ? { from: first.from, to } : undefined
  }

  #lease(taken: readonly Batch[], ranges: readonly Interval[], sink: string): Lease {
    const floor = this.#context.floor()
    const batches = taken.map((batch) => ({ ...batch, ids: { ...batch.ids!, floor } }))
    let bytes = 0
    let events = 0
    for (const batch of batches) {
      events += batch.count
      bytes += batch.ends[batch.count - 1]!
    }
    let open = true
    const end = (): void => {
      if (!open) throw new Error(`a lease of sink ${sink} was ended twice`)
      open = false
    }
    return {
      batches,
      events,
      bytes,
      ack: (state) => {
        if (state !== undefined) checkSinkState(sink, state)
        end()
        for (const range of ranges) this.#backlog.remove(range.from, range.to)
        this.#acknowledgedEvents += events
        return this.#context.acknowledged(ranges, sink, state)
      },
      split: (count) => {
        end()
        const [first, rest] = splitBatches(batches, count)
        return [this.#lease(first, rangesOf(first), sink), this.#lease(rest, rangesOf(rest), sink)]
      },
      release: () => {
        end()
        this.#redelivered += events
        this.#putBack(ranges)
      },
    }
  }

  #putBack(ranges: readonly Interval[]): void {
    for (const range of ranges) this.#available.add(range.from, range.to)
    // While pumping, the loop itself looks again.
    this.wake()
  }

  #lose(from: number, to: number): void {
    this.#available.remove(from, to)
    this.#backlog.remove(from, to)
    this.#context.lost({ from, to })
  }
}

function rangesOf(batches: readonly Batch[]): Interval[] {
  return batches.map(({ ids, count }) => ({ from: ids!.first, to: ids!.first + count }))
}

/** How many of the first events of a batch, at most `eventsMax`, lie within `bytesMax`. */
function countWithin(batch: Batch, eventsMax: number, bytesMax: number): number {
  let low = 0
  let high = Math.min(batch.count, eventsMax)
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (batch.ends[middle - 1]! <= bytesMax) low = middle
    else high = middle - 1
  }
  return low
}
