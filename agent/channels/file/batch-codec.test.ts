import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Batch } from '../../core/batch.ts'
import { batchOf, bodyAt, headersAt, select, slice } from '../../core/batch.ts'
import {
  bodiesLength,
  crcOfBody,
  decodeBatch,
  decodeBatchOrigin,
  encodeBatch,
} from './batch-codec.ts'
import type { EncodedBatch } from './batch-codec.ts'
import { BATCH, RECORD_HEADER_BYTES, recordBytes } from './format.ts'

const event = fc.record({
  body: fc.uint8Array({ maxLength: 40 }),
  headers: fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: 'binary' }), {
    maxKeys: 3,
  }),
})

test('a batch comes back from its record, with its headers and its position', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 20 }), fc.nat(), (events, offset) => {
      const offsets = Float64Array.from(events, (_, i) => offset + i)
      const origin = {
        stream: 's',
        from: 0,
        to: offset + 99,
        offsets,
        memo: '{"é":1}',
        routing: 'r',
      }
      const batch = batchOf(events, origin)
      const encoded = encodeBatch(batch)
      const { header, body } = asRecord(encoded, batch)
      const decoded = decodeBatch(header, body, 'stream')
      expect(eventsOf(decoded)).toStrictEqual(eventsOf(batch))
      expect(decoded.ids).toStrictEqual({ stream: 'stream', first: 5 })
      expect(decodeBatchOrigin(header, body)).toStrictEqual({
        position: { stream: 's', offset: offset + 99, memo: '{"é":1}', routing: 'r' },
      })
      expect(bodiesLength(header, body)).toBe(batch.bodies.length)
      expect(crcOfBody(encoded, 77)).toBe(crc32(body, 77))
    }),
  )
})

test('large bodies are written from where they are, small ones next to the header', () => {
  const large = lines('x'.repeat(20_000), 3)
  const { pieces } = encodeBatch(large)
  expect(pieces).toHaveLength(3)
  expect(pieces[1]!.buffer).toBe(large.bodies.buffer)
  expect(encodeBatch(lines('x', 3)).pieces).toHaveLength(1)
  const { header, body } = asRecord(encodeBatch(large), large)
  expect(eventsOf(decodeBatch(header, body, 's'))).toStrictEqual(eventsOf(large))
})

test('a batch of lines keeps its gaps, and its slices and selections are written as they are', () => {
  const batch = lines('line', 10)
  for (const part of [batch, slice(batch, 3, 7), select(batch, Uint32Array.from([0, 1, 5, 9]))]) {
    const { header, body } = asRecord(encodeBatch(part), part)
    const decoded = decodeBatch(header, body, 's')
    expect(decoded.gap).toBe(1)
    expect(eventsOf(decoded)).toStrictEqual(eventsOf(part))
    expect(decodeBatchOrigin(header, body)).toBeUndefined()
  }
})

test('an event of zero bytes and a batch whose buffer is longer than its events', () => {
  const batch = { ...batchOf([{ body: Buffer.alloc(0) }]), bodies: Buffer.from('beyond') }
  const { header, body } = asRecord(encodeBatch(batch), batch)
  expect(bodiesLength(header, body)).toBe(0)
  expect(bodyAt(decodeBatch(header, body, 's'), 0)).toHaveLength(0)
})

function lines(text: string, count: number): Batch {
  const bodies = Buffer.from(`${text}\n`.repeat(count))
  const ends = Uint32Array.from({ length: count }, (_, i) => (i + 1) * (text.length + 1))
  return { ...batchOf([]), count, bodies, ends, gap: 1 }
}

function asRecord(encoded: EncodedBatch, batch: Batch) {
  const bytes = Buffer.concat(encoded.pieces)
  expect(bytes.length).toBe(recordBytes(encoded.bodyLength))
  const body = bytes.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + encoded.bodyLength)
  const header = {
    type: BATCH,
    flags: encoded.flags,
    bodyLength: encoded.bodyLength,
    bodyCrc: 0,
    firstSequence: 5,
    count: batch.count,
    appendedAtMs: 1,
    durableUpTo: 0,
    offset: 0,
  } as const
  return { header, body }
}

function eventsOf(batch: Batch) {
  return Array.from({ length: batch.count }, (_, i) => ({
    body: bodyAt(batch, i).toString('hex'),
    headers: { ...headersAt(batch, i) },
  }))
}

test('a sender’s range comes back as it was', () => {
  const origin = { stream: 'in/é.1', from: 2 ** 40, to: 2 ** 40 + 3, memo: '', routing: 'r' }
  const offsets = Float64Array.of(2 ** 40 + 1, 2 ** 40 + 2, 2 ** 40 + 3)
  const batch = { ...lines('line', 3), origin: { ...origin, offsets, floor: 2 ** 39 } }
  const { header, body } = asRecord(encodeBatch(batch), batch)
  const { memo: _, ...range } = { ...origin, floor: 2 ** 39 }
  expect(decodeBatchOrigin(header, body)).toStrictEqual({ range })
  expect(eventsOf(decodeBatch(header, body, 's'))).toStrictEqual(eventsOf(batch))
})
