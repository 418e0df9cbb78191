import { expect, test } from 'vitest'
import { batchOf, bodyAt } from './batch.ts'
import type { Batch } from './batch.ts'
import { splitBatches } from './split.ts'

const batch = (first: number, ...bodies: string[]): Batch => ({
  ...batchOf(bodies.map((body) => ({ body: Buffer.from(body) }))),
  ids: { stream: 'c', first },
})
const facts = (batches: readonly Batch[]) =>
  batches.map((each) => [
    each.ids!.first,
    Array.from({ length: each.count }, (_, i) => bodyAt(each, i).toString()).join(''),
  ])

const batches = [batch(0, 'a', 'b', 'c'), batch(7, 'd', 'e')]

test.each([
  [
    1,
    [[0, 'a']],
    [
      [1, 'bc'],
      [7, 'de'],
    ],
  ],
  [3, [[0, 'abc']], [[7, 'de']]],
  [
    4,
    [
      [0, 'abc'],
      [7, 'd'],
    ],
    [[8, 'e']],
  ],
])('at %i', (events, first, rest) => {
  expect(splitBatches(batches, events).map(facts)).toEqual([first, rest])
})
