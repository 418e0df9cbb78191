import { expect, test } from 'vitest'
import { median, percentile, short, spread } from './numbers.ts'

test('the median of an even number of values lies between the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([])).toBeNaN()
})

test('percentiles', () => {
  const values = Array.from({ length: 101 }, (_, i) => i)
  expect(percentile(values, 0.99)).toBe(99)
  expect(percentile(values, 1)).toBe(100)
})

test('numbers are printed with three digits', () => {
  expect([1_234_567, 45_678, 1234, 12.34, 1.234, 0.1234, 7, Number.NaN].map(short)).toEqual([
    '1.23 M',
    '45.7 k',
    '1234',
    '12.3',
    '1.23',
    '0.123',
    '7',
    '–',
  ])
})

test('several values are printed as their median and range', () => {
  expect(spread([2, 1, 3])).toBe('2 (1–3)')
  expect(spread([5])).toBe('5')
  expect(spread([])).toBe('–')
})
