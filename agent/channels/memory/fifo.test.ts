import { expect, it } from 'vitest'
import { Fifo } from './fifo.ts'

it('gives back what it was given, in order, while it grows and shrinks', () => {
  const queue = new Fifo<number>()
  let next = 0
  let expected = 0
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < 7; i++) queue.push(next++)
    for (let i = 0; i < (round % 12) + 1 && queue.length > 0; i++) {
      expect(queue.first()).toBe(expected)
      expect(queue.shift()).toBe(expected++)
    }
    expect(queue.length).toBe(next - expected)
  }
  while (queue.length > 0) expect(queue.shift()).toBe(expected++)
  expect([queue.first(), queue.shift(), queue.length]).toEqual([undefined, undefined, 0])
  expect(expected).toBe(next)
})
