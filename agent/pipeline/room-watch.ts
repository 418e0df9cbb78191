import type { Channel, Reservation } from '../core/channel.ts'
import { sleep } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'

/** After so long without room a source turns its clients away, so that they go elsewhere. */
export const STALLED_MS = 10_000
/** How often is looked at what a source brings and what gets in. */
export const LOOK_MS = 1_000
/** Room for so much is worth coming back for. */
const PROBE_BYTES = 64 * 1024

/** What a source has brought so far, and what of it got into the channels. */
export interface Brought {
  emissions(): number
  accepted(): number
}

/** Whether the channels of a source have room: those that have to take all of its events. */
export class RoomWatch {
  readonly #channels: () => readonly Channel[]
  readonly #clock: Clock

  constructor(channels: () => readonly Channel[], clock: Clock) {
    this.#channels = channels
    this.#clock = clock
  }

  /**
   * Resolves when for a while nothing got in of what was brought, for want of room; never before `signal`
   * aborts where that does not happen. A channel that is slow, but takes something now and then, holds
   * its source up as it should.
   */
  async stalled(brought: Brought, signal: AbortSignal): Promise<void> {
    let emissions = brought.emissions()
    let accepted = brought.accepted()
    let sinceMs: number | undefined
    while (!signal.aborted) {
      await sleep(this.#clock, LOOK_MS, signal)
      const nowMs = this.#clock.monotonic()
      if (accepted !== brought.accepted()) sinceMs = undefined
      else if (emissions !== brought.emissions() || this.#isFull()) sinceMs ??= nowMs - LOOK_MS
      emissions = brought.emissions()
      accepted = brought.accepted()
      if (sinceMs === undefined || nowMs - sinceMs < STALLED_MS) continue
      // What does not get in for another reason, such as its size, gets in nowhere else either.
      if (!(await this.#hasRoom(signal))) return
      sinceMs = undefined
    }
  }

  /** Resolves when there is room in all channels and none has a problem, or `signal` aborts. */
  async room(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isHealthy = this.#channels().every((channel) => channel.stats().problem === undefined)
      if ((await this.#reserve(signal)) && isHealthy) return
      await sleep(this.#clock, LOOK_MS, signal)
    }
  }

  /** Asks for room and waits for it as long as a look takes. */
  async #hasRoom(signal: AbortSignal): Promise<boolean> {
    const late = new AbortController()
    const timer = this.#clock.schedule(() => late.abort(), LOOK_MS)
    try {
      return await this.#reserve(AbortSignal.any([signal, late.signal]))
    } finally {
      timer.clear()
    }
  }

  #isFull(): boolean {
    return this.#channels().some((channel) => channel.stats().state === 'full')
  }

  /** Whether room was granted; it is given back at once. */
  async #reserve(signal: AbortSignal): Promise<boolean> {
    const held: Reservation[] = []
    try {
      for (const channel of this.#channels()) {
        const bytes = Math.min(PROBE_BYTES, channel.limits.batchBytesMax)
        held.push(await channel.reserve({ events: 1, bytes }, signal))
      }
      return true
    } catch {
      // It aborted, or the channel does not take anything: neither is room.
      return false
    } finally {
      for (const each of held) each.release()
    }
  }
}
