import type { Batch } from '../../core/batch.ts'

interface Cached {
  readonly batch: Batch
  readonly first: number
  readonly end: number
  readonly bytes: number
}

/** A view may hold this many times its own size of memory; above it is copied. */
const BACKING_RATIO_MAX = 2

/**
 * The newest committed batches, so that sinks that keep up never read from disk. Bounded in the bytes
 * of the buffers it holds; what does not fit is read back.
 */
export class BatchCache {
  readonly #bytesMax: number
  #entries: Cached[] = []
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Adds a committed batch; its `ids` are set, and sequences only go up. */
  push(batch: Batch): void {
    const kept = compact(batch)
    const bytes = kept.bodies.buffer.byteLength + kept.ends.byteLength
    const first = batch.ids!.first
    this.#entries.push({ batch: kept, first, end: first + batch.count, bytes })
    this.#bytes += bytes
    let drop = 0
    while (this.#bytes > this.#bytesMax && drop < this.#entries.length) {
      this.#bytes -= this.#entries[drop]!.bytes
      drop++
    }
    if (drop > 0) this.#entries.splice(0, drop)
  }

  /** The batch that holds `sequence`. */
  find(sequence: number): Batch | undefined {
    let low = 0
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
    let drop = 0
    while (drop < this.#entries.length && this.#entries[drop]!.end <= sequence) {
      this.#bytes -= this.#entries[drop]!.bytes
      drop++
    }
    if (drop > 0) this.#entries.splice(0, drop)
  }
}

function compact(batch: Batch): Batch {
  const { bodies } = batch
  if (bodies.buffer.byteLength <= bodies.length * BACKING_RATIO_MAX) return batch
  const copy = Buffer.allocUnsafeSlow(bodies.length)
  bodies.copy(copy)
  return { ...batch, bodies: copy }
}
