import { expect, test } from 'vitest'
import { SeededRandom } from './random.ts'

test('the same seed gives the same numbers, a neighbour others', () => {
  const draw = (seed: number): number[] => {
    const random = new SeededRandom(seed)
    return Array.from({ length: 5 }, () => random.uint32())
  }
  expect(draw(1)).toEqual(draw(1))
  expect(draw(1)).not.toEqual(draw(2))
})

test('numbers spread over their range', () => {
  const random = new SeededRandom(5)
  const counts = Array.from({ length: 10 }, () => 0)
  for (let i = 0; i < 10_000; i++) counts[random.between(0, 9)]!++
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150)
  expect(random.bytes(64).length).toBe(64)
})

test('weights are respected and a weight of 0 is never drawn', () => {
  const random = new SeededRandom(6)
  const counts = { often: 0, seldom: 0, never: 0 }
  for (let i = 0; i < 1000; i++) counts[random.weighted({ often: 9, seldom: 1, never: 0 })]++
  expect(counts.never).toBe(0)
  expect(counts.often).toBeGreaterThan(counts.seldom * 5)
})
