/** Smaller frames are collected while they are young, for next to nothing. */
export const POOLED_FRAME_BYTES_MIN = 64 * 1024

/**
 * Buffers of frames that were answered, for the next ones. A megabyte per request, allocated anew each
 * time, is outside of the heap, and has the collector go over all of the heap again and again.
 *
 * A buffer is given back when the peer has answered its request: nobody reads it any more.
 */
export class FramePool {
  readonly #bytesMax: number
  readonly #free: Buffer[] = []
  #freeBytes = 0

  /** Keeps at most `bytesMax`. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** A buffer of at least `bytes`, with anything in it. */
  take(bytes: number): Buffer {
    if (bytes < POOLED_FRAME_BYTES_MIN) return Buffer.allocUnsafeSlow(bytes)
    const size = sizeFor(bytes)
    const i = this.#free.findLastIndex(({ length }) => length === size)
    if (i < 0) return Buffer.allocUnsafeSlow(size)
    const [buffer] = this.#free.splice(i, 1)
    this.#freeBytes -= size
    return buffer!
  }

  /** Takes back what `take` gave. */
  give(buffer: Buffer): void {
    const { length } = buffer
    if (length < POOLED_FRAME_BYTES_MIN || this.#freeBytes + length > this.#bytesMax) return
    this.#free.push(buffer)
    this.#freeBytes += length
  }
}

/** The next power of two: few sizes, so that what is free mostly fits. */
function sizeFor(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes))
}
