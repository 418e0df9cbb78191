import { expect, test } from 'vitest'
import { backoffMs } from './backoff.ts'

const bounds = { minMs: 100, maxMs: 30_000 }
const none = { number: () => 0 }

test('the delay doubles up to its maximum', () => {
  expect([1, 2, 3, 4].map((failures) => backoffMs(failures, bounds, none))).toStrictEqual([
    100, 200, 400, 800,
  ])
  expect(backoffMs(20, bounds, none)).toBe(30_000)
})

test('after any number of failures it is the maximum, where a shift would overflow', () => {
  for (const failures of [22, 28, 31, 32, 64, 1000, 1e9])
    expect(backoffMs(failures, bounds, none)).toBe(30_000)
})

test('a random part of up to a quarter is taken off', () => {
  expect(backoffMs(20, bounds, { number: () => 0.999 })).toBeGreaterThan(22_500)
  expect(backoffMs(20, bounds, { number: () => 0.5 })).toBe(26_250)
})
