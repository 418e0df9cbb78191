import type { Clock } from '../../agent/lib/clock.ts'

const POOLS_MAX = 3
/** A pool that gets no further keeps its place for so long, and then lets another one go on. */
const HELD_MAX_MS = 10 * 60_000

/** The pools that are rolled out at the same time. */
export class RolloutSlots {
  readonly #clock: Clock
  /** Key of a pool → when it last got further. */
  readonly #held = new Map<string, number>()
  /** Keys of pools that had a place for too long: they do not join again. */
  readonly #expired = new Set<string>()
  /** Key of a pool → since when. */
  readonly #refused = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether the pool may take down a pod now; it then has one of the places. */
  take(key: string): boolean {
    const nowMs = this.#clock.monotonic()
    for (const [each, atMs] of this.#held)
      if (nowMs - atMs >= HELD_MAX_MS) {
        this.#held.delete(each)
        this.#expired.add(each)
      }
    if (!this.#held.has(key) && this.#held.size >= POOLS_MAX) return false
    this.#held.set(key, nowMs)
    this.#expired.delete(key)
    return true
  }

  /**
   * A pool has begun, and waits for its pods: it has a place, whoever gave it. An operator that has just started
   * learns so which ones another one had begun with.
   */
  join(key: string): void {
    if (this.#held.has(key) || this.#expired.has(key)) return
    this.#held.set(key, this.#clock.monotonic())
  }

  /** A PodDisruptionBudget said no. For how long it has done so. */
  refused(key: string): number {
    const nowMs = this.#clock.monotonic()
    const sinceMs = this.#refused.get(key) ?? nowMs
    this.#refused.set(key, sinceMs)
    return nowMs - sinceMs
  }

  /** A pod was taken down. */
  allowed(key: string): void {
    this.#refused.delete(key)
  }

  /** The pool is done. */
  release(key: string): void {
    this.#held.delete(key)
    this.#expired.delete(key)
    this.#refused.delete(key)
  }
}
