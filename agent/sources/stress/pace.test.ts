import { expect, it } from 'vitest'
import { Pace } from './pace.ts'

/** How many units a run emits that asks at these times. */
function emitted(pace: Pace, times: readonly number[]): number[] {
  return times.map((nowMs) => {
    let count = 0
    while (pace.waitMs(nowMs) === 0) {
      pace.advance()
      count++
    }
    return count
  })
}

it('spreads units evenly over time', () => {
  expect(emitted(new Pace(10, 20, 0), [0, 5, 10, 15, 20, 30])).toEqual([1, 0, 1, 0, 1, 1])
})

it('says how long to wait for the next one', () => {
  const pace = new Pace(10, 20, 100)
  pace.advance()
  expect(pace.waitMs(103)).toBe(7)
})

it('makes several units a millisecond at rates above the resolution of timers', () => {
  expect(emitted(new Pace(0.2, 20, 0), [0, 1, 2])).toEqual([1, 5, 5])
})

it('makes up for a late timer, so that the rate holds', () => {
  expect(emitted(new Pace(10, 20, 0), [0, 19, 25, 30])).toEqual([1, 1, 1, 1])
})

it('does not burst after a stall, and tells how much it left out', () => {
  const pace = new Pace(1, 20, 0)
  expect(emitted(pace, [0, 5000, 5001])).toEqual([1, 1, 1])
  expect(pace.skippedMs).toBe(4999)
})
