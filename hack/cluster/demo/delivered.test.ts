import { expect, test } from 'vitest'
import { compareDelivery } from './delivered.ts'
import { bodyOf } from './numbered-stream.ts'

test('what is missing, what came twice and what is no number of the stream is told apart', () => {
  const lines = [bodyOf(0), bodyOf(2), bodyOf(2), bodyOf(9), 'torn', '']
  expect(compareDelivery(lines, 4)).toEqual({
    delivered: 3,
    lost: [1, 3],
    duplicates: 1,
    strangers: [bodyOf(9), 'torn'],
  })
})
