import { expect, test } from 'vitest'
import { parseCpuSeconds, parseMemory } from './process-usage.ts'

test('user and system time are counted behind the name of the program', () => {
  const stat = '42 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 11 0 100'
  expect(parseCpuSeconds(stat)).toBe(2)
})

test('memory now and at most', () => {
  expect(parseMemory('Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n')).toEqual({
    residentBytes: 1_048_576,
    residentPeakBytes: 2_097_152,
  })
})
