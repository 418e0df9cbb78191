import type { Clock } from '../../agent/lib/clock.ts'
import { systemClock } from '../../agent/lib/clock.ts'

/** A clock on which durations pass `factor` times as fast: a run that waits for minutes takes seconds. */
export function fastClock(factor: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * factor,
    schedule: (run, delayMs) => systemClock.schedule(run, delayMs / factor),
  }
}
