/** Time, passed in everywhere so that tests are deterministic. */
export interface Clock {
  /** Milliseconds since the epoch; may jump. For headers, names and ages. */
  now(): number
  /** Milliseconds since some start; never goes back. For durations and deadlines. */
  monotonic(): number
  /** Calls `run` once after `delayMs`, unless cleared. */
  schedule(run: () => void, delayMs: number): Timer
}

export interface Timer {
  clear(): void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(run, delayMs) {
    const handle = setTimeout(run, delayMs)
    return { clear: () => clearTimeout(handle) }
  },
}

/** Resolves after `delayMs`, or at once when `signal` aborts. Never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve()
      return
    }
    const done = (): void => {
      timer.clear()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.schedule(done, delayMs)
    signal?.addEventListener('abort', done)
  })
}
