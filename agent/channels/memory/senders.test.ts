import { expect, test } from 'vitest'
import { batchOf } from '../../core/batch.ts'
import { Senders } from './senders.ts'

test('a repeat is nothing new, what was overtaken is', () => {
  const senders = new Senders()
  const batch = (from: number, to: number) => ({
    ...batchOf(Array.from({ length: to - from }, () => ({ body: Buffer.from('x') }))),
    origin: {
      stream: 's',
      from,
      to,
      offsets: Float64Array.from({ length: to - from }, (_, i) => from + i + 1),
      memo: '',
      routing: 'r',
      floor: 0,
    },
  })
  const later = batch(5, 8)
  expect(senders.untaken(later)).toBe(later)
  expect(senders.untaken(batch(5, 8))).toBeUndefined()
  expect(senders.untaken(batch(0, 6))?.count).toBe(5)
  expect(senders.untaken(batch(8, 8))).toBeUndefined()
})
