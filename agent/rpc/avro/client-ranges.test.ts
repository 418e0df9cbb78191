import { expect, test } from 'vitest'
import { RANGES_MAX, SequenceRanges } from './client-ranges.ts'

test('neighbours become one range, gaps begin another', () => {
  const ranges = new SequenceRanges()
  expect(ranges.add(5, 3)).toBe(true)
  expect(ranges.add(8, 1)).toBe(true)
  expect(ranges.add(10, 2)).toBe(true)
  expect(ranges.toString()).toBe('5-8,10-11')
})

test('sequences that do not ascend are not taken', () => {
  const ranges = new SequenceRanges()
  ranges.add(5, 3)
  expect(ranges.add(7, 1)).toBe(false)
  expect(ranges.add(0, 2)).toBe(false)
  expect(ranges.toString()).toBe('5-7')
})

test('there are not more ranges than a receiver has to read, but neighbours still fit', () => {
  const ranges = new SequenceRanges()
  for (let i = 0; i < RANGES_MAX; i++) expect(ranges.add(2 * i, 1)).toBe(true)
  expect(ranges.add(2 * RANGES_MAX, 1)).toBe(false)
  expect(ranges.add(2 * RANGES_MAX - 1, 1)).toBe(true)
})
