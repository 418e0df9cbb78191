/**
 * When to emit: the n-th unit is due n × `intervalMs` after the start. A late timer is made up for,
 * but never by more than `catchUpMs`: after a stall the schedule moves on instead of a burst.
 */
export class Pace {
  readonly #intervalMs: number
  readonly #catchUpMs: number
  #dueMs: number
  #skippedMs = 0

  constructor(intervalMs: number, catchUpMs: number, nowMs: number) {
    this.#intervalMs = intervalMs
    this.#catchUpMs = Math.max(catchUpMs, intervalMs)
    this.#dueMs = nowMs
  }

  /** Milliseconds until the next unit is due; 0 when it is. */
  waitMs(nowMs: number): number {
    const lateMs = nowMs - this.#dueMs
    if (lateMs > this.#catchUpMs) {
      this.#skippedMs += lateMs
      this.#dueMs = nowMs
    }
    return Math.max(0, this.#dueMs - nowMs)
  }

  /** One unit was emitted. */
  advance(): void {
    this.#dueMs += this.#intervalMs
  }

  /** By how much the schedule was moved in all: the rate could not be kept. */
  get skippedMs(): number {
    return this.#skippedMs
  }
}
