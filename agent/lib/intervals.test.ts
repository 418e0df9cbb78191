import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Intervals } from './intervals.ts'

const range = fc
  .tuple(fc.nat(60), fc.nat(12))
  .map(([from, length]) => ({ from, to: from + length }))
const step = fc.record({ add: fc.boolean(), range })

test('a set of ranges behaves as a set of numbers', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), range, (steps, probe) => {
      const intervals = new Intervals()
      const model = new Set<number>()
      for (const { add, range: each } of steps) {
        const before = model.size
        for (let n = each.from; n < each.to; n++) {
          if (add) model.add(n)
          else model.delete(n)
        }
        const changed = add
          ? intervals.add(each.from, each.to)
          : intervals.remove(each.from, each.to)
        expect(changed).toBe(Math.abs(model.size - before))
      }
      expect(intervals.size).toBe(model.size)
      const sorted = [...model].sort((a, b) => a - b)
      expect(intervals.ranges().flatMap(({ from, to }) => numbers(from, to))).toStrictEqual(sorted)
      for (let n = 0; n < 80; n++) expect(intervals.has(n)).toBe(model.has(n))
      expect(intervals.countIn(probe.from, probe.to)).toBe(
        numbers(probe.from, probe.to).filter((n) => model.has(n)).length,
      )
    }),
  )
})

test('neighbouring ranges become one', () => {
  const intervals = new Intervals()
  intervals.add(0, 5)
  intervals.add(10, 15)
  expect(intervals.count).toBe(2)
  intervals.add(5, 10)
  expect(intervals.ranges()).toStrictEqual([{ from: 0, to: 15 }])
  expect(intervals.first).toStrictEqual({ from: 0, to: 15 })
})

function numbers(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
}
