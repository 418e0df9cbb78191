import { expect, test } from 'vitest'
import { z } from 'zod'
import { boundedRecord, byteSize, componentName, duration } from './schema.ts'

test('sizes are Kubernetes quantities', () => {
  const cases = { '10Gi': 10 * 2 ** 30, '64Mi': 2 ** 26, '500M': 5e8, '1.5Ki': 1536, '12': 12 }
  for (const [text, bytes] of Object.entries(cases)) expect(byteSize().parse(text)).toBe(bytes)
  expect(byteSize().parse(4096)).toBe(4096)
  for (const bad of ['', '10 Gi', '-1', 'Gi', '1Gb', '1e3', -1, 1.5, null])
    expect(byteSize().safeParse(bad).success).toBe(false)
})

test('durations carry their unit', () => {
  const cases = {
    '500ms': 500,
    '30s': 30_000,
    '5m': 300_000,
    '1h': 3_600_000,
    '7d': 604_800_000,
    '1.5s': 1500,
  }
  for (const [text, ms] of Object.entries(cases)) expect(duration().parse(text)).toBe(ms)
  for (const bad of ['5', '5 m', '-1s', 's', '1w', 5])
    expect(duration().safeParse(bad).success).toBe(false)
})

test('bounds are said in the message', () => {
  const result = duration({ min: 1000, max: 60_000 }).safeParse('500ms')
  expect(result.error?.issues[0]?.message).toBe('expected at least 1s and at most 1m')
  expect(byteSize({ min: 10 }).safeParse('5').success).toBe(false)
})

test('names can stand in paths and labels', () => {
  for (const good of ['a', 'web-logs', 'x1', '0', 'a'.repeat(63)])
    expect(componentName.safeParse(good).success).toBe(true)
  for (const bad of ['', '-a', 'a-', 'A', 'a_b', 'a.b', '..', 'a/b', 'a'.repeat(64)])
    expect(componentName.safeParse(bad).success).toBe(false)
})

test('a map has as many entries as it may', () => {
  const map = boundedRecord(z.string(), z.string(), 1)
  expect(map.safeParse({ a: '' }).success).toBe(true)
  expect(map.safeParse({ a: '', b: '' }).error?.issues[0]?.message).toBe(
    'expected at most 1 entries',
  )
})
