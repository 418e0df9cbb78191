import { expect, test } from 'vitest'
import { IndexTable } from './index-table.ts'

test('the nearest known place at or before a sequence is found, in its own segment', () => {
  const index = new IndexTable()
  index.note(1, 0, 256)
  index.note(1, 10, 1000)
  index.note(1, 500, 300_000)
  index.note(2, 900, 256)
  expect(index.find(1, 5)).toStrictEqual({ sequence: 0, offset: 256 })
  expect(index.find(1, 499)).toStrictEqual({ sequence: 0, offset: 256 })
  expect(index.find(1, 700)).toStrictEqual({ sequence: 500, offset: 300_000 })
  expect(index.find(2, 899)).toBeUndefined()
  expect(index.find(3, 0)).toBeUndefined()
})

test('places are kept sparse, and an earlier place read again adds none', () => {
  const index = new IndexTable()
  for (let n = 0; n < 1000; n++) index.note(1, n, 256 + n * 1024)
  index.note(1, 3, 256 + 3 * 1024)
  expect(index.find(1, 200)).toStrictEqual({ sequence: 0, offset: 256 })
  expect(index.find(1, 300)).toStrictEqual({ sequence: 256, offset: 256 + 256 * 1024 })
})

test('deleted segments are forgotten', () => {
  const index = new IndexTable()
  index.note(1, 0, 256)
  index.note(2, 5, 256)
  index.forgetBelow(2)
  expect(index.find(1, 0)).toBeUndefined()
  expect(index.find(2, 5)).toBeDefined()
})
