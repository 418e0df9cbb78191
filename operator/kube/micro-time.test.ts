import { expect, test } from 'vitest'
import { microTime } from './micro-time.ts'

test('times have six digits of a second', () => {
  expect(microTime(Date.UTC(2026, 1, 3, 4, 5, 6, 7))).toBe('2026-02-03T04:05:06.007000Z')
})
