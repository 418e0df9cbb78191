const NEWLINE = 0x0a

/** Cuts chunks of bytes into lines; what follows the last line end waits for the next chunk. */
export class Lines {
  readonly #bytesMax: number
  #parts: Buffer[] = []
  #bytes = 0

  /** A line of more bytes than `bytesMax` is an error: the other side does not speak in lines. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Bytes of the line that has begun and not ended. */
  get pendingBytes(): number {
    return this.#bytes
  }

  /** The lines that `chunk` completes, without their ends; none for empty ones. Throws RangeError when one is too long. */
  *push(chunk: Buffer): Generator<string> {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, end))
      from = end + 1
      if (this.#bytes > 0) yield this.#take()
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from))
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length
    if (this.#bytes > this.#bytesMax)
      throw new RangeError(`a line is longer than ${this.#bytesMax} bytes`)
    this.#parts.push(part)
  }

  #take(): string {
    const line =
      this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#bytes)
    this.#parts = []
    this.#bytes = 0
    return line.toString()
  }
}
