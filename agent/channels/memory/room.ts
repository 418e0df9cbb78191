import type { BatchSize, Reservation } from '../../core/channel.ts'
import { FlumeError } from '../../core/errors.ts'

interface Waiter {
  readonly need: BatchSize
  readonly grant: () => void
  readonly refuse: (reason: unknown) => void
}

/**
 * The room of a channel in events and bytes, given out in the order it was asked for: a large batch
 * is not overtaken for ever by small ones.
 */
export class Room {
  readonly #capacity: BatchSize
  #usedEvents = 0
  #usedBytes = 0
  #waiting: Waiter[] = []
  #closed: FlumeError | undefined

  constructor(capacity: BatchSize) {
    this.#capacity = capacity
  }

  /** Whether somebody waits. */
  get full(): boolean {
    return this.#waiting.length > 0
  }

  async reserve(need: BatchSize, signal: AbortSignal): Promise<Reservation> {
    signal.throwIfAborted()
    if (this.#closed !== undefined) throw this.#closed
    if (need.events > this.#capacity.events || need.bytes > this.#capacity.bytes)
      throw this.#tooLarge(need)
    if (need.events > 0 && (this.full || !this.#fits(need))) await this.#wait(need, signal)
    else this.use(need)
    return new Held(this, need)
  }

  use(size: BatchSize): void {
    this.#usedEvents += size.events
    this.#usedBytes += size.bytes
  }

  free(size: BatchSize): void {
    this.#usedEvents -= size.events
    this.#usedBytes -= size.bytes
    this.#grant()
  }

  close(error: FlumeError): void {
    this.#closed = error
    for (const waiter of this.#waiting.splice(0)) waiter.refuse(error)
  }

  #fits(need: BatchSize): boolean {
    // Bytes may be exceeded by what headers and views cost; an empty channel takes any batch within
    // its capacity.
    return (
      this.#usedEvents + need.events <= this.#capacity.events &&
      this.#usedBytes + need.bytes <= this.#capacity.bytes
    )
  }

  #wait(need: BatchSize, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        this.#waiting = this.#waiting.filter((each) => each !== waiter)
        reject(signal.reason as Error)
        this.#grant()
      }
      const waiter: Waiter = {
        need,
        grant: () => {
          signal.removeEventListener('abort', aborted)
          resolve()
        },
        refuse: (reason) => {
          signal.removeEventListener('abort', aborted)
          reject(reason)
        },
      }
      signal.addEventListener('abort', aborted, { once: true })
      this.#waiting.push(waiter)
    })
  }

  #grant(): void {
    for (;;) {
      const next = this.#waiting[0]
      if (next === undefined || !this.#fits(next.need)) return
      this.#waiting.shift()
      this.use(next.need)
      next.grant()
    }
  }

  #tooLarge(need: BatchSize): FlumeError {
    const { events, bytes } = this.#capacity
    return new FlumeError(
      'FLM2203',
      `a batch of ${need.events} events and ${need.bytes} bytes does not fit into a memory channel of ${events} events and ${bytes} bytes; raise its capacity or byteCapacity`,
      { retryable: false, facts: { need, capacity: this.#capacity } },
    )
  }
}

class Held implements Reservation {
  readonly #room: Room
  #size: BatchSize | undefined

  constructor(room: Room, size: BatchSize) {
    this.#room = room
    this.#size = size
  }

  release(): void {
    if (this.#size === undefined) return
    const size = this.#size
    this.#size = undefined
    this.#room.free(size)
  }
}
