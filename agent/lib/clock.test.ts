import { expect, test } from 'vitest'
import { ManualClock } from '../../test/sim/clock.ts'
import { sleep, systemClock } from './clock.ts'

test('a sleep ends when its time has come', async () => {
  const clock = new ManualClock()
  let awake = false
  const sleeping = sleep(clock, 1000).then(() => (awake = true))
  clock.advance(999)
  await Promise.resolve()
  expect(awake).toBe(false)
  clock.advance(1)
  await sleeping
})

test('a sleep ends at once when it is aborted, before or while it lasts, and leaves no timer', async () => {
  const clock = new ManualClock()
  await sleep(clock, 1000, AbortSignal.abort())
  const abort = new AbortController()
  const sleeping = sleep(clock, 1000, abort.signal)
  abort.abort()
  await sleeping
  expect(clock.pending).toBe(0)
})

test('the clock of the system calls back once, or not at all when cleared', async () => {
  let calls = 0
  systemClock.schedule(() => calls++, 0).clear()
  await new Promise<void>((resolve) => void systemClock.schedule(resolve, 1))
  expect(calls).toBe(0)
  expect(systemClock.monotonic()).toBeLessThanOrEqual(systemClock.monotonic())
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(10_000)
})
