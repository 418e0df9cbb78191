/**
 * A growing buffer to write small structures into, and its reader. Little-endian. Not for bodies of
 * events: those are never copied through here.
 */
export class ByteWriter {
  #bytes: Buffer
  #length = 0

  constructor(bytesHint = 256) {
    this.#bytes = Buffer.allocUnsafe(bytesHint)
  }

  get length(): number {
    return this.#length
  }

  u16(value: number): void {
    const at = this.#room(2)
    this.#bytes.writeUInt16LE(value, at)
  }

  u32(value: number): void {
    const at = this.#room(4)
    this.#bytes.writeUInt32LE(value, at)
  }

  u64(value: number): void {
    const at = this.#room(8)
    this.#bytes.writeUInt32LE(value % 2 ** 32, at)
    this.#bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
  }

  f64(value: number): void {
    const at = this.#room(8)
    this.#bytes.writeDoubleLE(value, at)
  }

  bytes(value: Uint8Array): void {
    const at = this.#room(value.length)
    this.#bytes.set(value, at)
  }

  /** u16 length and UTF-8. Throws a RangeError above 65,535 bytes. */
  name(value: string): void {
    const length = Buffer.byteLength(value)
    this.u16(length)
    const at = this.#room(length)
    this.#bytes.write(value, at)
  }

  /** u32 length and UTF-8. */
  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.u32(length)
    const at = this.#room(length)
    this.#bytes.write(value, at)
  }

  /** What was written: a view, valid until the next write. */
  result(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** May replace the buffer: call it before `#bytes` is looked at. */
  #room(bytes: number): number {
    const at = this.#length
    this.#length += bytes
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, at)
      this.#bytes = larger
    }
    return at
  }
}

/** Reads what ByteWriter wrote. Throws a RangeError when it runs past the end. */
export class ByteReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  get at(): number {
    return this.#at
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#skip(2))
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#skip(4))
  }

  u64(): number {
    const at = this.#skip(8)
    return this.#bytes.readUInt32LE(at) + this.#bytes.readUInt32LE(at + 4) * 2 ** 32
  }

  f64(): number {
    return this.#bytes.readDoubleLE(this.#skip(8))
  }

  /** A view of the next `length` bytes. */
  bytes(length: number): Buffer {
    const at = this.#skip(length)
    if (at + length > this.#bytes.length) throw new RangeError('the structure is cut short')
    return this.#bytes.subarray(at, at + length)
  }

  name(): string {
    return this.bytes(this.u16()).toString('utf8')
  }

  text(): string {
    return this.bytes(this.u32()).toString('utf8')
  }

  #skip(bytes: number): number {
    const at = this.#at
    this.#at += bytes
    return at
  }
}
