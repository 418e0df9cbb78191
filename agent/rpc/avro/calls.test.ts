import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventsOf } from '../../../test/avro/batches.ts'
import { eventsFrom, plainEventsFrom } from '../../../test/avro/fixture.ts'
import { batchOf } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import { callsOf } from './calls.ts'
import type { CallLimits } from './calls.ts'
import { decodeAppendBatch } from './decode-events.ts'
import { FRAME_HEAD_BYTES } from './frame-writer.ts'
import { readCallHead } from './request.ts'
import { WireReader } from './wire-reader.ts'

const LIMITS: CallLimits = { eventsMax: 100, bytesMax: 2 ** 20 }

/** What a receiver reads of the requests. */
function received(batches: readonly Batch[], limits: Partial<CallLimits> = {}) {
  return callsOf(batches, { ...LIMITS, ...limits }).map((call) => {
    const reader = new WireReader(Buffer.from(call.frame()), FRAME_HEAD_BYTES)
    const { metadata } = readCallHead(reader)
    const events = eventsOf(decodeAppendBatch(reader, 1_000_000))
    expect(call.events).toBe(events.length)
    const text = (name: string): string | undefined => metadata.get(name)?.toString()
    return {
      bodies: events.map(({ body }) => body).join(' '),
      stream: text('flume.stream'),
      ranges: text('flume.ranges'),
      floor: text('flume.floor'),
    }
  })
}

describe('requests are ended', () => {
  test('by the number of events, across batches', () => {
    const calls = received([eventsFrom(0, 3), eventsFrom(3, 3)], { eventsMax: 4 })
    expect(calls).toMatchObject([
      { bodies: '0 1 2 3', ranges: '0-3' },
      { bodies: '4 5', ranges: '4-5' },
    ])
  })

  test('by bytes; an event that is larger goes alone', () => {
    const bodies = ['a'.repeat(100), 'b'.repeat(2000), 'c'.repeat(100), 'd'.repeat(100)]
    const batch = batchOf(bodies.map((body) => ({ body: Buffer.from(body) })))
    const calls = callsOf([batch], { eventsMax: 100, bytesMax: 1000 })
    expect(calls.map(({ events }) => events)).toEqual([1, 1, 2])
  })

  test('by bytes of headers too', () => {
    const event = { body: Buffer.from('x'), headers: { h: 'v'.repeat(400) } }
    const calls = callsOf([batchOf([event, event, event])], { eventsMax: 100, bytesMax: 1000 })
    expect(calls.map(({ events }) => events)).toEqual([2, 1])
    const each = [0, 1, 2].map((i) => ({ body: event.body, headers: { h: `${i}`.repeat(400) } }))
    const columns = callsOf([batchOf(each)], { eventsMax: 100, bytesMax: 1000 })
    expect(columns.map(({ events }) => events)).toEqual([2, 1])
  })

  test('by another stream, and by events without one', () => {
    const batches = [eventsFrom(0, 1), eventsFrom(1, 1, 't'), plainEventsFrom(2, 1)]
    expect(received(batches)).toEqual([
      { bodies: '0', stream: 's', ranges: '0-0', floor: '0' },
      { bodies: '1', stream: 't', ranges: '1-1', floor: '0' },
      { bodies: '2', stream: undefined, ranges: undefined, floor: undefined },
    ])
  })

  test('by sequences that do not ascend, which a redelivery can bring', () => {
    expect(received([eventsFrom(7, 2), eventsFrom(0, 2), eventsFrom(2, 1)])).toMatchObject([
      { bodies: '7 8', ranges: '7-8' },
      { bodies: '0 1 2', ranges: '0-2' },
    ])
  })
})

test('the highest floor of the batches counts', () => {
  const floored = (first: number, floor: number): Batch => ({
    ...eventsFrom(first, 1),
    ids: { stream: 's', first, floor },
  })
  expect(received([floored(5, 2), floored(6, 4), eventsFrom(7, 1)])).toMatchObject([{ floor: '4' }])
})

test('a batch without events makes no request', () => {
  expect(callsOf([plainEventsFrom(0, 0), eventsFrom(0, 0)], LIMITS)).toEqual([])
})

test('a frame is made once, however often it is sent', () => {
  const [call] = callsOf([eventsFrom(0, 1)], LIMITS)
  expect(call!.frame()).toBe(call!.frame())
})

test('every event is in one request, in order, with the sequence it had', () => {
  const batches = fc.array(
    fc.record({
      first: fc.nat(60),
      count: fc.nat(12),
      stream: fc.constantFrom('s', 't', undefined),
    }),
    { maxLength: 12 },
  )
  const limits = fc.record({ eventsMax: fc.integer({ min: 1, max: 15 }) })
  fc.assert(
    fc.property(batches, limits, (list, each) => {
      const plain = list.map(({ first, count, stream }) =>
        stream === undefined ? plainEventsFrom(first, count) : eventsFrom(first, count, stream),
      )
      const calls = received(plain, each)
      const bodies = calls.flatMap((call) => call.bodies.split(' '))
      const expected = list.flatMap(({ first, count }) =>
        Array.from({ length: count }, (_, i) => String(first + i)),
      )
      expect(bodies).toEqual(expected)
      for (const call of calls) {
        if (call.ranges === undefined) continue
        const numbers = call.ranges.split(',').flatMap((range) => {
          const [from, to] = range.split('-').map(Number) as [number, number]
          return Array.from({ length: to - from + 1 }, (_, i) => String(from + i))
        })
        expect(numbers.join(' ')).toBe(call.bodies)
      }
    }),
  )
})
