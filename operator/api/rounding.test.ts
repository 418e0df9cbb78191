import { expect, test } from 'vitest'
import { roundSignificant } from './rounding.ts'

test.each([
  [0, 0],
  [7, 7],
  [99.6, 100],
  [123, 120],
  [1250, 1300],
  [98_765_432, 99_000_000],
])('%d is shown as %d', (value, rounded) => {
  expect(roundSignificant(value)).toBe(rounded)
})
