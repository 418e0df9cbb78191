import { malformed } from './wire-error.ts'

/** A zigzag varint of 64 bits takes at most this many bytes. */
const VARINT_BYTES_MAX = 10
/** Up to here a varint fits into the 32 bits of JavaScript's shifts. */
const SHIFT_MAX = 21

/**
 * Reads Avro's binary encoding. Everything is checked against the end of the bytes before it is
 * believed: no length from the network leads to an allocation or a read beyond them. Throws FLM6101.
 */
export class WireReader {
  readonly bytes: Buffer
  at: number

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  /** A zigzag varint. Numbers beyond 2^53 are no lengths, counts or indices of anybody. */
  long(): number {
    const { bytes } = this
    let raw = 0
    for (let shift = 0; shift <= SHIFT_MAX; shift += 7) {
      if (this.at >= bytes.length) throw malformed('a number is cut short')
      const byte = bytes[this.at++]!
      raw |= (byte & 0x7f) << shift
      if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1)
    }
    return this.#longer(raw)
  }

  /** A length or a count of what follows: neither negative nor more than the bytes that are left. */
  length(): number {
    const value = this.long()
    if (value < 0) throw malformed(`a length is ${value}`)
    if (value > this.bytes.length - this.at)
      throw malformed(`a length is ${value} where ${this.left} bytes are left`)
    return value
  }

  /**
   * The number of entries of the next block of an array or a map; 0 ends it. A negative one is followed
   * by the size of the block, which is for those who skip it.
   */
  blockCount(): number {
    const count = this.long()
    if (count >= 0) return count
    this.length()
    return -count
  }

  /** An index of an enum or a union with `count` members. */
  index(count: number): number {
    const value = this.long()
    if (value < 0 || value >= count) throw malformed(`an index is ${value} of ${count}`)
    return value
  }

  boolean(): boolean {
    const value = this.fixed(1)[0]!
    if (value > 1) throw malformed(`a boolean is ${value}`)
    return value === 1
  }

  /** A view of the next `length` bytes. */
  fixed(length: number): Buffer {
    if (length > this.left) throw malformed(`${length} bytes are due where ${this.left} are left`)
    const start = this.at
    this.at += length
    return this.bytes.subarray(start, this.at)
  }

  /** A view. */
  blob(): Buffer {
    return this.fixed(this.length())
  }

  text(): string {
    const length = this.length()
    const start = this.at
    this.at += length
    return this.bytes.toString('utf8', start, this.at)
  }

  #longer(low: number): number {
    let value = low >>> 0
    let factor = 2 ** (SHIFT_MAX + 7)
    for (let read = SHIFT_MAX / 7 + 1; read < VARINT_BYTES_MAX; read++) {
      if (this.at >= this.bytes.length) throw malformed('a number is cut short')
      const byte = this.bytes[this.at++]!
      value += (byte & 0x7f) * factor
      factor *= 128
      if (byte >= 0x80) continue
      if (!Number.isSafeInteger(value)) throw malformed('a number is out of range')
      const half = Math.floor(value / 2)
      return value % 2 === 0 ? half : -half - 1
    }
    throw malformed(`a number has more than ${VARINT_BYTES_MAX} bytes`)
  }
}
