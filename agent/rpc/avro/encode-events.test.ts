import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Batch } from '../../core/batch.ts'
import { slice } from '../../core/batch.ts'
import { EventsEncoder } from './encode-events.ts'
import { batchFrom, plainEvents } from '../../../test/avro/batches.ts'
import { GOLDEN } from '../../../test/avro/golden.ts'
import { decodeWithAvsc } from '../../../test/avro/peer.ts'

function arrayBytes(batch: Batch): Buffer {
  const encoder = new EventsEncoder(batch)
  const into = Buffer.alloc(encoder.bytesMax)
  return into.subarray(0, encoder.writeArray(into, 0))
}

test('the bytes of append that Flume sends', () => {
  const encoder = new EventsEncoder(batchFrom([{ headers: { k: 'v' }, body: 'hi' }]))
  const into = Buffer.alloc(encoder.bytesMax)
  expect(into.subarray(0, encoder.write(into, 0)).toString('hex')).toBe(GOLDEN.appendParameters)
})

test('avsc reads what is encoded, with and without a gap between bodies', () => {
  fc.assert(
    fc.property(plainEvents, fc.constantFrom(0 as const, 1 as const), (events, gap) => {
      expect(decodeWithAvsc(arrayBytes(batchFrom(events, gap)))).toEqual(events)
    }),
    { numRuns: 300 },
  )
})

test('a part of a batch is encoded alone', () => {
  const events = Array.from({ length: 9 }, (_, i) => ({
    headers: { all: 'x', i: String(i >> 1) },
    body: `body ${i}`,
  }))
  const part = slice(batchFrom(events, 1), 2, 7)
  expect(decodeWithAvsc(arrayBytes(part))).toEqual(events.slice(2, 7))
})

test('an empty batch is an empty array', () => {
  expect(arrayBytes(batchFrom([]))).toEqual(Buffer.from([0]))
})
