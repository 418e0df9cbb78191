import { expect, test } from 'vitest'
import { formatBytes, formatCountOf, formatDuration, formatRate } from './format.ts'

test('bytes take the unit that reads best', () => {
  const cases: readonly [number, string][] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [64 * 2 ** 20, '64 MiB'],
    [150.4 * 2 ** 20, '150 MiB'],
    [10 * 2 ** 30, '10 GiB'],
    [5000 * 2 ** 40, '5000 TiB'],
  ]
  for (const [bytes, text] of cases) expect(formatBytes(bytes)).toBe(text)
})

test('durations take two units at most', () => {
  const cases: readonly [number, string][] = [
    [0, '0 s'],
    [0.2, '1 ms'],
    [350, '350 ms'],
    [2345, '2.3 s'],
    [59_999, '59.9 s'],
    [60_000, '1 m'],
    [192_000, '3 m 12 s'],
    [5 * 3_600_000 + 120_000, '5 h 2 m'],
    [76 * 3_600_000, '3 d 4 h'],
  ]
  for (const [ms, text] of cases) expect(formatDuration(ms)).toBe(text)
})

test('counts have separators and a plural, small rates a decimal', () => {
  expect(formatCountOf(1, 'event')).toBe('1 event')
  expect(formatCountOf(12_345, 'event')).toBe('12,345 events')
  expect(formatRate(5012.4)).toBe('5,012/s')
  expect(formatRate(0.5)).toBe('0.5/s')
  expect(formatRate(0)).toBe('0/s')
})
