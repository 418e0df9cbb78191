import { beyondLimit, malformed } from './wire-error.ts'

/**
 * The framing of Avro's netty transceiver:
 *
 *   int32 serial · int32 number of buffers · per buffer: int32 length, bytes       (big-endian)
 *
 * The message is the concatenation of the buffers. Its size is known when its last buffer begins.
 */
export interface Frame {
  readonly serial: number
  /** Nobody else's: whoever gets it may write into it. */
  readonly bytes: Buffer
}

export interface FrameLimits {
  /** Bytes of the message. */
  readonly frameBytesMax: number
}

/** Java writes buffers of 8 KiB: far more than it needs for a message within any limit of ours. */
export const FRAME_BUFFERS_MAX = 65_536

const HEAD_BYTES = 8
const LENGTH_BYTES = 4
/** Below it, messages share memory: a backing store of their own costs more than they do. */
const POOLED_BYTES_MAX = 2048
/** What a length is believed before any byte of the message came. */
const FIRST_BYTES_MAX = 64 * 1024

/**
 * Puts messages together from chunks cut anywhere. Memory grows with the bytes that came, not with
 * what a length announces; the size of the last message is taken for the next, which a peer that sends
 * like messages makes a good guess.
 *
 * `push` a chunk, then call `next` until it gives nothing. Errors are FLM6101 and FLM6102, and final.
 */
export class FrameReader {
  readonly #limits: FrameLimits
  #chunk: Buffer = EMPTY
  #at = 0
  /** Of the head or the length that is being read. */
  readonly #head = Buffer.alloc(HEAD_BYTES)
  #headLength = 0
  #inFrame = false
  #serial = 0
  #buffersLeft = 0
  /** Of the current buffer. */
  #bytesLeft = 0
  #frame: Buffer = EMPTY
  #length = 0
  #lastLength = 0

  constructor(limits: FrameLimits) {
    this.#limits = limits
  }

  /** Bytes held for a message that is not complete, and of the chunk. */
  get bytesHeld(): number {
    return this.#frame.length + this.#chunk.length - this.#at
  }

  /** Whether a message has begun and is not complete. */
  get inFrame(): boolean {
    return this.#inFrame || this.#headLength > 0
  }

  /** The next bytes; those before must have been used up by `next`. */
  push(chunk: Buffer): void {
    if (this.#at < this.#chunk.length)
      throw new Error('a chunk was pushed before the last was read')
    this.#chunk = chunk
    this.#at = 0
  }

  /** The next complete message of what was pushed, if there is one. */
  next(): Frame | undefined {
    if (!this.#inFrame && !this.#begin()) return undefined
    for (;;) {
      if (this.#bytesLeft > 0 && !this.#copy()) return undefined
      if (this.#buffersLeft === 0) return this.#end()
      if (!this.#beginBuffer()) return undefined
    }
  }

  #begin(): boolean {
    if (!this.#fillHead(HEAD_BYTES)) return false
    this.#serial = this.#head.readInt32BE(0)
    const buffers = this.#head.readInt32BE(4)
    if (buffers < 0) throw malformed(`a frame has ${buffers} buffers`)
    if (buffers > FRAME_BUFFERS_MAX)
      throw beyondLimit(`a frame has ${buffers} buffers`, `the most is ${FRAME_BUFFERS_MAX}`)
    this.#buffersLeft = buffers
    this.#length = 0
    this.#inFrame = true
    return true
  }

  #beginBuffer(): boolean {
    if (!this.#fillHead(LENGTH_BYTES)) return false
    const length = this.#head.readInt32BE(0)
    if (length < 0) throw malformed(`a buffer of a frame has ${length} bytes`)
    const bytes = this.#length + length
    if (bytes > this.#limits.frameBytesMax)
      throw beyondLimit(
        `a message has at least ${bytes} bytes where ${this.#limits.frameBytesMax} are allowed`,
        'raise maxFrameSize, or send fewer events at a time',
      )
    this.#buffersLeft--
    this.#bytesLeft = length
    return true
  }

  /** Whether the first `length` bytes of the head are there. */
  #fillHead(length: number): boolean {
    while (this.#headLength < length) {
      if (this.#at === this.#chunk.length) return false
      this.#head[this.#headLength++] = this.#chunk[this.#at++]!
    }
    this.#headLength = 0
    return true
  }

  /** Copies what there is of the current buffer. Whether it is complete. */
  #copy(): boolean {
    const count = Math.min(this.#bytesLeft, this.#chunk.length - this.#at)
    if (count === 0) return false
    this.#makeRoom(this.#length + count)
    this.#chunk.copy(this.#frame, this.#length, this.#at, this.#at + count)
    this.#length += count
    this.#at += count
    this.#bytesLeft -= count
    return this.#bytesLeft === 0
  }

  #makeRoom(bytes: number): void {
    const { length } = this.#frame
    if (bytes <= length) return
    const announced = Math.min(this.#length + this.#bytesLeft, FIRST_BYTES_MAX)
    const guess = length === 0 ? Math.max(announced, this.#guess()) : 2 * length
    const size = Math.max(bytes, Math.min(guess, this.#limits.frameBytesMax))
    const larger = allocate(size)
    this.#frame.copy(larger, 0, 0, this.#length)
    this.#frame = larger
  }

  /** Another message like the last, unless all of it is already announced. */
  #guess(): number {
    if (this.#buffersLeft === 0) return Math.min(this.#bytesLeft, this.#lastLength)
    return this.#lastLength
  }

  #end(): Frame {
    let bytes = this.#frame
    if (this.#length < bytes.length) {
      bytes = bytes.subarray(0, this.#length)
      // What is kept for long must not hold much more memory than it has bytes.
      if (2 * this.#length < this.#frame.length) bytes = copyOf(bytes)
    }
    this.#lastLength = this.#length
    this.#frame = EMPTY
    this.#inFrame = false
    return { serial: this.#serial, bytes }
  }
}

const EMPTY = Buffer.alloc(0)

function allocate(size: number): Buffer {
  return size <= POOLED_BYTES_MAX ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size)
}

function copyOf(bytes: Buffer): Buffer {
  const copy = allocate(bytes.length)
  bytes.copy(copy)
  return copy
}
