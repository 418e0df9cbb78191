import type { Batch } from '../../core/batch.ts'

interface Cached {
  readonly batch: Batch
  readonly first: number
  readonly end: number
  readonly bytes: number
}

/** A view may hold this many times its own size of memory; above it is copied. */
const BACKING_RATIO_MAX = 2
/** Copies of small batches share memory of this size, since each piece of memory costs as much as they do. */
const ARENA_BYTES = 64 * 1024
const SMALL_BYTES_MAX = ARENA_BYTES / 16

/**
 * The newest committed batches, so that sinks that keep up never read from disk. Bounded in the bytes
 * of the buffers it holds; what does not fit is read back.
 */
export class BatchCache {
  readonly #bytesMax: number
  /** From `#head` on; those before it were dropped. */
  #entries: (Cached | undefined)[] = []
  #head = 0
  #bytes = 0
  #arena = Buffer.alloc(0)
  #arenaUsed = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Adds a committed batch; its `ids` are set, and sequences only go up. */
  push(batch: Batch): void {
    const { kept, backing } = this.#compact(batch)
    const bytes = backing + kept.ends.byteLength
    const first = batch.ids!.first
    this.#entries.push({ batch: kept, first, end: first + batch.count, bytes })
    this.#bytes += bytes
    while (this.#bytes > this.#bytesMax) this.#drop()
  }

  /** The batch that holds `sequence`. */
  find(sequence: number): Batch | undefined {
    let low = this.#head
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle]!.end <= sequence) low = middle + 1
      else high = middle
    }
    const entry = this.#entries[low]
    return entry !== undefined && entry.first <= sequence ? entry.batch : undefined
  }

  /** Drops batches below `sequence`: they were handed out. */
  dropBelow(sequence: number): void {
    for (let oldest = this.#oldest; oldest !== undefined; oldest = this.#oldest) {
      if (oldest.end > sequence) return
      this.#drop()
    }
  }

  get #oldest(): Cached | undefined {
    return this.#entries[this.#head]
  }

  /** Moving the others up each time would cost as much as there are: 30,000 of single events. */
  #drop(): void {
    this.#bytes -= this.#oldest!.bytes
    this.#entries[this.#head++] = undefined
    if (2 * this.#head < this.#entries.length) return
    this.#entries.splice(0, this.#head)
    this.#head = 0
  }
  /** What is kept of a batch, and the bytes that its bodies hold. */
  #compact(batch: Batch): { readonly kept: Batch; readonly backing: number } {
    const { bodies } = batch
    const { length } = bodies
    const backing = bodies.buffer.byteLength
    if (backing <= length * BACKING_RATIO_MAX) return { kept: batch, backing }
    const copy = this.#allocate(length)
    bodies.copy(copy)
    return { kept: { ...batch, bodies: copy }, backing: length }
  }

  #allocate(length: number): Buffer {
    if (length > SMALL_BYTES_MAX) return Buffer.allocUnsafeSlow(length)
    if (this.#arenaUsed + length > this.#arena.length) {
      this.#arena = Buffer.allocUnsafeSlow(ARENA_BYTES)
      this.#arenaUsed = 0
    }
    const from = this.#arenaUsed
    this.#arenaUsed += length
    return this.#arena.subarray(from, this.#arenaUsed)
  }
}
