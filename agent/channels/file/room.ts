import type { BatchSize, Reservation } from '../../core/channel.ts'

/** Held room; `append` takes it over. */
export interface HeldRoom extends Reservation {
  readonly bytes: number
  readonly events: number
  /** Ends the reservation without giving the room back: its append does, when it settles. */
  consume(): void
}

interface Waiting {
  readonly need: BatchSize
  readonly grant: (room: HeldRoom) => void
  readonly reject: (error: unknown) => void
}

/**
 * Who may append: grants room in the order of the requests. `free` tells whether so much more fits
 * on top of what is held; it is asked again whenever `changed` is called.
 */
export class Room {
  readonly #free: (held: BatchSize, need: BatchSize) => boolean
  #heldBytes = 0
  #heldEvents = 0
  #waiting: Waiting[] = []

  constructor(free: (held: BatchSize, need: BatchSize) => boolean) {
    this.#free = free
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Bytes that the first of those who wait needs on top of what is held; 0 when nobody waits. */
  get wantedBytes(): number {
    const first = this.#waiting[0]
    return first === undefined ? 0 : this.#heldBytes + first.need.bytes
  }

  /** Bytes granted and not yet given back: reserved, queued or being written. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Room without asking: for what needs none. */
  grant(need: BatchSize): HeldRoom {
    this.#heldBytes += need.bytes
    this.#heldEvents += need.events
    let held = true
    return {
      bytes: need.bytes,
      events: need.events,
      release: () => {
        if (held) this.giveBack(need)
        held = false
      },
      consume: () => {
        held = false
      },
    }
  }

  reserve(need: BatchSize, signal: AbortSignal): Promise<HeldRoom> {
    if (this.#waiting.length === 0 && this.#fits(need)) return Promise.resolve(this.grant(need))
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting)
        reject(signal.reason as Error)
        this.changed()
      }
      const waiting: Waiting = {
        need,
        grant: (room) => {
          signal.removeEventListener('abort', abort)
          resolve(room)
        },
        reject: (error) => {
          signal.removeEventListener('abort', abort)
          reject(error)
        },
      }
      signal.addEventListener('abort', abort)
      this.#waiting.push(waiting)
    })
  }

  giveBack(need: BatchSize): void {
    this.#heldBytes -= need.bytes
    this.#heldEvents -= need.events
    this.changed()
  }

  /** Asks again whether those who wait can go on. */
  changed(): void {
    while (this.#waiting.length > 0 && this.#fits(this.#waiting[0]!.need)) {
      const waiting = this.#waiting.shift()!
      waiting.grant(this.grant(waiting.need))
    }
  }

  /** Nobody will be granted room any more. */
  refuse(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const each of waiting) each.reject(error)
  }

  #fits(need: BatchSize): boolean {
    return this.#free({ bytes: this.#heldBytes, events: this.#heldEvents }, need)
  }
}
