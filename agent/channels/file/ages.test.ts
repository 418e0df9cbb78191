import { expect, test } from 'vitest'
import { Ages } from './ages.ts'

test('the age of an event is that of the last sample at or before it', () => {
  const ages = new Ages()
  ages.note(0, 1000)
  ages.note(5, 1100)
  ages.note(10, 2000)
  expect(ages.of(7, 3000)).toBe(2000)
  expect(ages.of(12, 3000)).toBe(1000)
})

test('an age is never negative when the clock goes back, and 0 when nothing is known', () => {
  const ages = new Ages()
  expect(ages.of(0, 5000)).toBe(0)
  ages.note(0, 9000)
  expect(ages.of(0, 5000)).toBe(0)
})

test('a backlog of days keeps a bounded number of samples and its oldest age', () => {
  const ages = new Ages()
  for (let n = 0; n < 100_000; n++) ages.note(n, n * 1000)
  expect(ages.of(0, 100_000_000)).toBe(100_000_000)
})
