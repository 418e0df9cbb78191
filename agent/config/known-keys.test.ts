import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { knownKeys } from './known-keys.ts'

const schema = z.strictObject({
  list: z.array(z.strictObject({ a: z.string(), b: z.string().optional() })).prefault([]),
  map: z.record(z.string(), z.strictObject({ c: z.string() })),
  either: z.union([z.string(), z.strictObject({ d: z.string() })]),
})

describe('knownKeys', () => {
  it.each([
    [[], ['list', 'map', 'either']],
    [
      ['list', 7],
      ['a', 'b'],
    ],
    [['map', 'any'], ['c']],
    [['either'], ['d']],
    [['none', 'x', 0], []],
    [['list', 0, 'a'], []],
    [['toString'], []],
  ])('at %j', (path, keys) => {
    expect(knownKeys(schema, path)).toEqual(keys)
  })
})
