import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bodiesOf, streamBatch } from '../../test/sim/flow-parts.ts'
import { batchOf, bodyBytes } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import { cut, sizeOf, tightest, withoutEvents } from './cut.ts'

const limits = (batchEventsMax: number, batchBytesMax = 1000) => ({ batchEventsMax, batchBytesMax })
const plain = (...bodies: string[]) => batchOf(bodies.map((body) => ({ body: Buffer.from(body) })))
const bodies = ({ batches }: { batches: readonly Batch[] }) => batches.map(bodiesOf)

describe('cutting a batch', () => {
  test('a batch within the limits is passed as it is', () => {
    const batch = plain('a', 'b')
    expect(cut(batch, limits(2)).batches[0]).toBe(batch)
  })

  test('events and bytes bound each piece, in order', () => {
    expect(bodies(cut(plain('a', 'b', 'c'), limits(2)))).toEqual([['a', 'b'], ['c']])
    expect(bodies(cut(plain('aa', 'b', 'cc'), limits(9, 3)))).toEqual([['aa', 'b'], ['cc']])
  })

  test('an event above the limit alone is refused, its neighbours are not', () => {
    const { batches, refusedEvents } = cut(plain('a', 'bbbbb', 'c'), limits(9, 3))
    expect(batches.map(bodiesOf)).toEqual([['a'], ['c']])
    expect(refusedEvents).toBe(1)
  })

  test('origins cover what was read without a gap, a refused end included', () => {
    const { batches } = cut(streamBatch('s', 10, ['a', 'b', 'ccccc']), limits(1, 3))
    expect(batches.map(({ origin }) => [origin!.from, origin!.to])).toEqual([
      [10, 11],
      [11, 13],
    ])
    const only = cut(streamBatch('s', 10, ['ccccc']), limits(1, 3))
    expect(only.batches.map(({ count, origin }) => [count, origin!.to])).toEqual([[0, 11]])
  })

  test('children of a split event stay together, or are refused together', () => {
    const batch = streamBatch('s', 0, ['a', 'b', 'c', 'd'])
    const offsets = Float64Array.of(1, 2, 2, 3)
    const split = { ...batch, origin: { ...batch.origin!, offsets, to: 3 } }
    expect(bodies(cut(split, limits(2)))).toEqual([['a'], ['b', 'c'], ['d']])
    const tight = cut(split, limits(1))
    expect(bodies(tight)).toEqual([['a'], ['d']])
    expect(tight.refusedEvents).toBe(2)
  })

  test('any batch: pieces are within the limits and make the batch again', () => {
    const event = fc.string({ maxLength: 6 })
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 24, max: 60 }),
        (lines, events, bytes) => {
          const pieces = cut(streamBatch('s', 0, lines), limits(events, bytes)).batches
          expect(pieces.flatMap(bodiesOf)).toEqual(lines)
          for (const piece of pieces) {
            expect(piece.count).toBeLessThanOrEqual(events)
            expect(bodyBytes(piece)).toBeLessThanOrEqual(bytes)
          }
        },
      ),
    )
  })
})

test('the tightest of several limits', () => {
  expect(tightest([limits(5, 9), limits(7, 3)])).toEqual(limits(5, 3))
})

test('a batch without its events keeps the position', () => {
  const empty = withoutEvents(streamBatch('s', 4, ['a', 'b']))
  expect(sizeOf(empty)).toEqual({ events: 0, bytes: 0 })
  expect(empty.origin).toMatchObject({ stream: 's', from: 4, to: 6 })
})
