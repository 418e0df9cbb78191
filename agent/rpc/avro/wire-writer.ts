/** Bytes of a number as zigzag varint; `value` is a safe integer. */
export function longBytes(value: number): number {
  let raw = zigzag(value)
  let bytes = 1
  for (; raw >= 128; bytes++) raw = Math.floor(raw / 128)
  return bytes
}

/** Writes a zigzag varint and returns the offset after it. There must be room. */
export function writeLong(into: Buffer, at: number, value: number): number {
  let raw = zigzag(value)
  while (raw >= 128) {
    into[at++] = (raw % 128) | 128
    raw = Math.floor(raw / 128)
  }
  into[at] = raw
  return at + 1
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

/** Writes small structures in Avro's binary encoding. Events are not written through here. */
export class WireWriter {
  #bytes: Buffer
  #length = 0

  constructor(bytesHint = 256) {
    this.#bytes = Buffer.allocUnsafe(bytesHint)
  }

  get length(): number {
    return this.#length
  }

  long(value: number): void {
    const at = this.#room(longBytes(value))
    writeLong(this.#bytes, at, value)
  }

  boolean(value: boolean): void {
    const at = this.#room(1)
    this.#bytes[at] = value ? 1 : 0
  }

  fixed(value: Uint8Array): void {
    const at = this.#room(value.length)
    this.#bytes.set(value, at)
  }

  blob(value: Uint8Array): void {
    this.long(value.length)
    this.fixed(value)
  }

  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.long(length)
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
