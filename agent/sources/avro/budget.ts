/** A connection, as the budget sees it. */
export interface Reader {
  /** It may read on: called once after `wait`. */
  resume(): void
}

export interface BudgetOptions {
  readonly bytesMax: number
  readonly batchesMax: number
}

/**
 * What all connections of a source hold together: messages that are being received, and requests that
 * are not answered yet. Above the bound nobody reads, so that senders feel it through TCP.
 *
 * If beginnings of messages alone fill the bound, nothing would ever be answered: then the one that
 * began first goes on until it is complete. So the bound is passed by at most one message.
 */
export class Budget {
  readonly #options: BudgetOptions
  /** Bytes of incomplete messages, in the order they began. */
  readonly #held = new Map<Reader, number>()
  readonly #waiting = new Set<Reader>()
  #heldBytes = 0
  #requestBytes = 0
  #requests = 0
  #batches = 0
  #waking = false

  constructor(options: BudgetOptions) {
    this.#options = options
  }

  get requests(): number {
    return this.#requests
  }

  get bytes(): number {
    return this.#heldBytes + this.#requestBytes
  }

  mayRead(reader: Reader): boolean {
    if (!this.#full) return true
    if (this.#requests > 0) return false
    const [first] = this.#held.keys()
    return first === reader
  }

  /** How many bytes the reader holds of an incomplete message, 0 between messages. */
  hold(reader: Reader, bytes: number): void {
    this.#heldBytes += bytes - (this.#held.get(reader) ?? 0)
    if (bytes === 0) this.#held.delete(reader)
    else this.#held.set(reader, bytes)
    this.#wake()
  }

  /** The reader will be told when it may read. */
  wait(reader: Reader): void {
    this.#waiting.add(reader)
  }

  /** The reader is gone. */
  leave(reader: Reader): void {
    this.#waiting.delete(reader)
    this.hold(reader, 0)
  }

  /**
   * A request was received that is emitted as so many batches; the function returned is called once,
   * when it was answered.
   */
  begin(bytes: number, batches: number): () => void {
    this.#requests++
    this.#requestBytes += bytes
    this.#batches += batches
    return () => {
      this.#requests--
      this.#requestBytes -= bytes
      this.#batches -= batches
      this.#wake()
    }
  }

  get #full(): boolean {
    const { bytesMax, batchesMax } = this.#options
    return this.bytes >= bytesMax || this.#batches >= batchesMax
  }

  /** Those who waited longest first, as long as there is room. */
  #wake(): void {
    // A reader that resumes changes what is held: once is enough.
    if (this.#waking || this.#waiting.size === 0) return
    this.#waking = true
    const waiting = Array.from(this.#waiting)
    for (const reader of waiting) {
      if (this.#full && this.#requests > 0) break
      if (!this.mayRead(reader)) continue
      this.#waiting.delete(reader)
      reader.resume()
    }
    this.#waking = false
  }
}
