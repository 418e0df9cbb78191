import type { Clock, Timer } from '../../agent/lib/clock.ts'

interface Scheduled {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** A clock that stands still until the test moves it. */
export class ManualClock implements Clock {
  #now: number
  #monotonic = 0
  #order = 0
  readonly #scheduled = new Set<Scheduled>()

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#monotonic
  }

  schedule(run: () => void, delayMs: number): Timer {
    const entry = { at: this.#monotonic + Math.max(0, delayMs), order: this.#order++, run }
    this.#scheduled.add(entry)
    return { clear: () => void this.#scheduled.delete(entry) }
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#scheduled.size
  }

  /** Milliseconds until the next timer, or undefined when none waits. */
  get nextMs(): number | undefined {
    const next = this.#next(Infinity)
    return next && next.at - this.#monotonic
  }

  /**
   * Lets time pass: timers that fall due run in order, each at its own time. What they start goes on
   * in later turns of the event loop, see `turns`.
   */
  advance(ms: number): void {
    const end = this.#monotonic + ms
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#scheduled.delete(next)
      this.#move(Math.max(next.at, this.#monotonic))
      next.run()
    }
    this.#move(end)
  }

  /** The wall clock is set, forward or back; durations are not touched. */
  jump(ms: number): void {
    this.#now += ms
  }

  #move(monotonic: number): void {
    this.#now += monotonic - this.#monotonic
    this.#monotonic = monotonic
  }

  #next(end: number): Scheduled | undefined {
    let first: Scheduled | undefined
    for (const each of this.#scheduled) {
      if (each.at > end) continue
      if (first && (first.at < each.at || (first.at === each.at && first.order < each.order)))
        continue
      first = each
    }
    return first
  }
}

/** Lets `count` turns of the event loop pass, so that what was started comes to rest. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
