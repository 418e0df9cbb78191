import type { Position } from '../../core/batch.ts'

/**
 * The streams a channel knows (files, partitions) and how far it took each. Bounded in bytes: the
 * least recently used goes first, since a stream that still moves is used all the time.
 */
export class Positions {
  readonly #bytesMax: number
  /** In order of use, the oldest first: a Map iterates in the order of insertion. */
  readonly #byStream = new Map<string, Position>()
  #bytes = 0
  #evicted = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get size(): number {
    return this.#byStream.size
  }

  /** Streams forgotten for want of room since the table was made. */
  get evicted(): number {
    return this.#evicted
  }

  get(stream: string): Position | undefined {
    return this.#byStream.get(stream)
  }

  set(stream: string, position: Position): void {
    const known = this.#byStream.get(stream)
    if (known !== undefined) {
      this.#bytes -= bytesOf(stream, known)
      this.#byStream.delete(stream)
    }
    this.#byStream.set(stream, position)
    this.#bytes += bytesOf(stream, position)
    for (const [oldest, value] of this.#byStream) {
      if (this.#bytes <= this.#bytesMax || oldest === stream) break
      this.#byStream.delete(oldest)
      this.#bytes -= bytesOf(oldest, value)
      this.#evicted++
    }
  }

  entries(): IterableIterator<[string, Position]> {
    return this.#byStream.entries()
  }

  toMap(): ReadonlyMap<string, Position> {
    return new Map(this.#byStream)
  }
}

/** As encoded: three lengths, an offset, three texts. */
function bytesOf(stream: string, { routing, memo }: Position): number {
  return 14 + Buffer.byteLength(stream) + Buffer.byteLength(routing) + Buffer.byteLength(memo)
}
