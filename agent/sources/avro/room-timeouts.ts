import type { Clock, Timer } from '../../lib/clock.ts'

/** Emissions that begin within such a time share a timer and a signal, which cost more than they do. */
const SLICE_MS = 50

interface Slice {
  readonly controller: AbortController
  readonly untilMs: number
  readonly timer: Timer
}

export interface RoomTimeoutsOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  /** What waits then waits no longer. */
  readonly stopping: AbortSignal
}

/** Signals that abort when an emission that begins now has waited long enough for room. */
export class RoomTimeouts {
  readonly #options: RoomTimeoutsOptions
  /** Those whose time is not over: a second of them holds twenty. */
  readonly #slices = new Set<Slice>()
  #latest: Slice | undefined

  constructor(options: RoomTimeoutsOptions) {
    this.#options = options
    options.stopping.addEventListener('abort', () => this.#abortAll())
  }

  /** Aborts after the time-out, at most SLICE_MS later, and at a stop. */
  signal(): AbortSignal {
    const { clock, timeoutMs, stopping } = this.#options
    if (stopping.aborted) return stopping
    const nowMs = clock.monotonic()
    if (this.#latest === undefined || nowMs >= this.#latest.untilMs) {
      const controller = new AbortController()
      const untilMs = nowMs + SLICE_MS
      const timer = clock.schedule(() => this.#abort(slice), timeoutMs + SLICE_MS)
      const slice = { controller, untilMs, timer }
      this.#slices.add(slice)
      this.#latest = slice
    }
    return this.#latest.controller.signal
  }

  #abort(slice: Slice): void {
    slice.timer.clear()
    this.#slices.delete(slice)
    if (this.#latest === slice) this.#latest = undefined
    slice.controller.abort()
  }

  #abortAll(): void {
    for (const slice of this.#slices) this.#abort(slice)
  }
}
