import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchOf, bodyAt } from './batch.ts'
import type { Batch } from './batch.ts'
import { SENDER_RUNS_MAX, SenderRanges, SenderTable } from './sender-ranges.ts'

const batch = (from: number, to: number, routing = 'r'): Batch =>
  batchOf(
    Array.from({ length: to - from }, (_, i) => ({ body: Buffer.from(String(from + i)) })),
    {
      stream: 's',
      from,
      to,
      offsets: Float64Array.from({ length: to - from }, (_, i) => from + i + 1),
      memo: '',
      routing,
      floor: 0,
    },
  )
const bodies = (of: Batch | undefined): string[] =>
  of === undefined ? [] : Array.from({ length: of.count }, (_, i) => bodyAt(of, i).toString())
const take = (ranges: SenderRanges, from: number, to: number, more = {}): void =>
  ranges.take({ from, to, floor: 0, routing: 'r', ...more })

describe('what is to be stored of a batch', () => {
  test('is all of it when nothing of it is known: the very same object', () => {
    const ranges = new SenderRanges()
    take(ranges, 0, 10)
    const next = batch(10, 20)
    expect(ranges.untaken(next)).toBe(next)
  })

  test('a batch that was overtaken is not taken for a repeat', () => {
    const ranges = new SenderRanges()
    take(ranges, 0, 10)
    take(ranges, 20, 30)
    expect(bodies(ranges.untaken(batch(10, 20)))).toHaveLength(10)
    expect(ranges.untaken(batch(20, 30))).toBeUndefined()
  })

  test('of a batch that is cut in other places the middle may be known', () => {
    const ranges = new SenderRanges()
    take(ranges, 3, 5)
    const rest = ranges.untaken(batch(2, 7))
    expect(bodies(rest)).toEqual(['2', '5', '6'])
    expect(rest!.origin).toMatchObject({ from: 2, to: 7 })
    expect([...rest!.origin!.offsets]).toEqual([3, 6, 7])
  })

  test('below the floor is nothing, whatever the routing', () => {
    const ranges = new SenderRanges()
    take(ranges, 8, 10, { floor: 8 })
    expect(ranges.untaken(batch(0, 8, 'other'))).toBeUndefined()
    expect(bodies(ranges.untaken(batch(6, 9, 'other')))).toEqual(['8'])
    expect(ranges.runs).toEqual([{ from: 8, to: 10 }])
  })

  test('is all of it under another routing, which begins anew', () => {
    const ranges = new SenderRanges()
    take(ranges, 0, 10)
    expect(bodies(ranges.untaken(batch(0, 10, 'other')))).toHaveLength(10)
    take(ranges, 0, 5, { routing: 'other' })
    expect(bodies(ranges.untaken(batch(0, 10, 'other')))).toEqual(['5', '6', '7', '8', '9'])
    expect(ranges.untaken(batch(0, 10, 'r'))!.count).toBe(10)
  })

  test('is all of it when the routing is not deterministic', () => {
    const ranges = new SenderRanges()
    take(ranges, 0, 10, { routing: '' })
    expect(ranges.untaken(batch(0, 10, ''))!.count).toBe(10)
  })
})

test('no order, cut or repetition of batches stores an event twice or leaves one out', () => {
  const cuts = fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 20 })), { maxLength: 40 })
  fc.assert(
    fc.property(cuts, (pieces) => {
      const ranges = new SenderRanges()
      const stored: string[] = []
      const sent = new Set<string>()
      for (const [from, length] of [...pieces, [0, 100] as const]) {
        const each = batch(from, from + length)
        for (const body of bodies(each)) sent.add(body)
        stored.push(...bodies(ranges.untaken(each)))
        take(ranges, from, from + length)
      }
      expect(new Set(stored).size).toBe(stored.length)
      expect(new Set(stored)).toEqual(sent)
    }),
  )
})

test('of too many runs the lowest are forgotten', () => {
  const ranges = new SenderRanges()
  for (let i = 0; i < SENDER_RUNS_MAX + 5; i++) take(ranges, 2 * i, 2 * i + 1)
  expect(ranges.runs).toHaveLength(SENDER_RUNS_MAX)
  expect(ranges.runs[0]).toEqual({ from: 10, to: 11 })
})

test('a copy goes its own way', () => {
  const ranges = new SenderRanges()
  take(ranges, 0, 3)
  const copy = ranges.copy()
  take(copy, 3, 6)
  expect(ranges.runs).toEqual([{ from: 0, to: 3 }])
  expect(copy.runs).toEqual([{ from: 0, to: 6 }])
})

test('ten thousand senders in a row leave the ones that are used, within the bound', () => {
  const table = new SenderTable(4096)
  for (let i = 0; i < 10_000; i++) {
    table.take(`pod-${i}`, { from: 0, to: 5, floor: 0, routing: 'r' })
    table.take('steady', { from: i, to: i + 1, floor: 0, routing: 'r' })
  }
  expect(table.get('steady')!.runs).toEqual([{ from: 0, to: 10_000 }])
  expect(table.get('pod-9999')).toBeDefined()
  expect(table.get('pod-0')).toBeUndefined()
  expect(table.size).toBeLessThan(120)
})
