import { expect, test } from 'vitest'
import { ManualClock } from '../../test/sim/clock.ts'
import { TokenBucket } from './token-bucket.ts'

test('a burst passes, then one for each refill, and an idle bucket holds no more than a burst', () => {
  const clock = new ManualClock()
  const bucket = new TokenBucket({ burst: 3, refillMs: 1000, clock })
  const taken = (times: number): number =>
    Array.from({ length: times }, () => bucket.take()).filter(Boolean).length
  expect(taken(5)).toBe(3)
  clock.advance(999)
  expect(taken(2)).toBe(0)
  clock.advance(1)
  expect(taken(2)).toBe(1)
  clock.advance(3_600_000)
  expect(taken(10)).toBe(3)
})
