import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventsOf } from '../../../test/avro/batches.ts'
import { eventsFrom, plainEventsFrom } from '../../../test/avro/fixture.ts'
import type { Batch } from '../../core/batch.ts'
import { DELIVERED_RUNS_MAX, DELIVERED_STREAMS_MAX, DeliveredEvents } from './delivered-events.ts'

function bodiesOf(batches: readonly Batch[]): string[] {
  return batches.flatMap((batch) => eventsOf(batch).map(({ body }) => body))
}

test('what was delivered is cut out of the batches, whatever their cuts', () => {
  const delivered = new DeliveredEvents()
  delivered.add('s', 2, 3)
  delivered.add('s', 8, 1)
  const missing = delivered.missing([eventsFrom(0, 4), eventsFrom(4, 6), eventsFrom(0, 4, 't')])
  expect(missing.map(({ ids, count }) => [ids!.stream, ids!.first, count])).toEqual([
    ['s', 0, 2],
    ['s', 5, 3],
    ['s', 9, 1],
    ['t', 0, 4],
  ])
})

test('a batch of which all was delivered is left out whole', () => {
  const delivered = new DeliveredEvents()
  delivered.add('s', 0, 10)
  expect(delivered.missing([eventsFrom(2, 5)])).toEqual([])
})

test('batches without ids are left as they are', () => {
  const delivered = new DeliveredEvents()
  const batches = [plainEventsFrom(0, 3)]
  expect(delivered.missing(batches)).toBe(batches)
  delivered.add('s', 0, 10)
  expect(delivered.missing(batches)).toEqual(batches)
  delivered.forget(batches)
})

test('what does not come again is forgotten, with all below the floor', () => {
  const delivered = new DeliveredEvents()
  delivered.add('s', 0, 10)
  delivered.add('s', 20, 10)
  delivered.forget([{ ...eventsFrom(20, 5), ids: { stream: 's', first: 20, floor: 8 } }])
  expect(bodiesOf(delivered.missing([eventsFrom(0, 30)]))).toEqual(
    bodiesOf([eventsFrom(0, 8), eventsFrom(10, 15)]),
  )
})

test('not more is kept than allowed: what is forgotten is sent again', () => {
  const delivered = new DeliveredEvents()
  for (let i = 0; i <= DELIVERED_RUNS_MAX; i++) delivered.add('s', 2 * i, 1)
  expect(bodiesOf(delivered.missing([eventsFrom(0, 1), eventsFrom(2, 1)]))).toEqual(['0'])
  for (let i = 0; i < DELIVERED_STREAMS_MAX; i++) delivered.add(`t${i}`, 0, 1)
  expect(bodiesOf(delivered.missing([eventsFrom(2, 1)]))).toEqual(['2'])
  expect(delivered.missing([eventsFrom(0, 1, 't0')])).toEqual([])
})

test('missing and delivered together are all events, each once', () => {
  const run = fc.record({ first: fc.nat(30), count: fc.integer({ min: 1, max: 10 }) })
  fc.assert(
    fc.property(fc.array(run, { maxLength: 6 }), run, (runs, batch) => {
      const delivered = new DeliveredEvents()
      for (const { first, count } of runs) delivered.add('s', first, count)
      const taken = new Set(
        runs.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i)),
      )
      const all = Array.from({ length: batch.count }, (_, i) => batch.first + i)
      const missing = bodiesOf(delivered.missing([eventsFrom(batch.first, batch.count)]))
      expect(missing).toEqual(all.filter((each) => !taken.has(each)).map(String))
    }),
  )
})
