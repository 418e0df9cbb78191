import type { Clock } from '../../agent/lib/clock.ts'

const OBJECT_PERIOD_MS = 60_000
const WRITES_PER_SECOND = 5

/**
 * How often the backlog in a status may be written, as it changes all the time: once a minute for each
 * object, and a few times a second for all of them.
 */
export class BacklogBudget {
  readonly #clock: Clock
  /** UID → when, for those of the last minute; the oldest first. */
  readonly #written = new Map<string, number>()
  /** When the next write of any object is due. */
  #nextMs = -Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds until it may be written; 0: now, and it counts as written. */
  take(uid: string): number {
    const nowMs = this.#clock.monotonic()
    for (const [each, atMs] of this.#written) {
      if (nowMs - atMs < OBJECT_PERIOD_MS) break
      this.#written.delete(each)
    }
    const lastMs = this.#written.get(uid)
    const dueMs = Math.max(
      lastMs === undefined ? -Infinity : lastMs + OBJECT_PERIOD_MS,
      this.#nextMs,
    )
    if (dueMs > nowMs) return Math.ceil(dueMs - nowMs)
    this.note(uid)
    this.#nextMs = nowMs + 1000 / WRITES_PER_SECOND
    return 0
  }

  /** It was written with what had to be written anyway, which costs no turn. */
  note(uid: string): void {
    // At its end again: the oldest go first.
    this.#written.delete(uid)
    this.#written.set(uid, this.#clock.monotonic())
  }
}
