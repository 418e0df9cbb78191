import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeAppend, decodeAppendBatch } from './decode-events.ts'
import { batchFrom, eventsOf, plainEvents } from '../../../test/avro/batches.ts'
import { GOLDEN } from '../../../test/avro/golden.ts'
import { encodeOneWithAvsc, encodeWithAvsc } from '../../../test/avro/peer.ts'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

const decode = (bytes: Buffer, eventsMax = 1000) =>
  decodeAppendBatch(new WireReader(bytes), eventsMax)

test('the parameters of append that Flume sends', () => {
  const batch = decodeAppend(new WireReader(Buffer.from(GOLDEN.appendParameters, 'hex')))
  expect(eventsOf(batch)).toEqual([{ headers: { k: 'v' }, body: 'hi' }])
  expect(batch.headers.common.get('k')).toBe('v')
})

test('what avsc encodes comes out as the same batch that is made of single events', () => {
  fc.assert(
    fc.property(plainEvents, (events) => {
      const batch = decode(encodeWithAvsc(events))
      const expected = batchFrom(events)
      expect(eventsOf(batch)).toEqual(events)
      expect(batch.headers.common).toEqual(expected.headers.common)
      expect(batch.headers.columns).toEqual(expected.headers.columns)
      expect(batch.ends).toEqual(expected.ends)
      expect(batch.bodies).toEqual(expected.bodies)
    }),
    { numRuns: 300 },
  )
})

test('one event that avsc encodes', () => {
  const event = { headers: { a: '1', b: 'ü' }, body: 'x'.repeat(1000) }
  expect(eventsOf(decodeAppend(new WireReader(encodeOneWithAvsc(event))))).toEqual([event])
})

test('an array in several blocks, some with their size before them', () => {
  const writer = new WireWriter()
  const event = (body: string): void => {
    writer.long(0)
    writer.blob(Buffer.from(body))
  }
  writer.long(1)
  event('a')
  writer.long(-2)
  writer.long(6)
  event('bb')
  event('c')
  writer.long(3)
  for (const body of ['d', '', 'eee']) event(body)
  writer.long(0)
  expect(eventsOf(decode(writer.result())).map(({ body }) => body)).toEqual([
    'a',
    'bb',
    'c',
    'd',
    '',
    'eee',
  ])
})

test('an empty batch', () => {
  expect(decode(Buffer.from([0]))).toMatchObject({ count: 0, gap: 0 })
})

test('more events than are allowed are refused before they are read', () => {
  const bytes = encodeWithAvsc(Array.from({ length: 11 }, () => ({ headers: {}, body: 'x' })))
  expect(() => decode(bytes, 10)).toThrow(expect.objectContaining({ code: 'FLM6102' }))
  expect(decode(Buffer.from(bytes), 11).count).toBe(11)
})

test('in several blocks as well', () => {
  const blocks = Buffer.from([4, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0])
  expect(() => decode(Buffer.from(blocks), 3)).toThrow(expect.objectContaining({ code: 'FLM6102' }))
  expect(decode(Buffer.from(blocks), 4).count).toBe(4)
})

test.each([
  ['cut short at any byte', encodeWithAvsc([{ headers: { k: 'v' }, body: 'hello' }])],
  [
    'cut short, two events',
    encodeWithAvsc([
      { headers: {}, body: 'a' },
      { headers: {}, body: 'b' },
    ]),
  ],
])('parameters %s are refused', (_, bytes) => {
  for (let length = 0; length < bytes.length; length++) {
    const cut = Buffer.from(bytes.subarray(0, length))
    expect(() => decode(cut), `${length} bytes`).toThrow(
      expect.objectContaining({ code: 'FLM6101' }),
    )
  }
})

test.each([
  ['bytes after the events', '02000000ff'],
  ['a body longer than the message', '02007e00'],
  ['a body of negative length', '02000100'],
  ['a count that no message could hold', 'feffffff0f'],
  ['a count beyond 2^53', 'feffffffffffffffff01'],
  ['a count of more than ten bytes', 'ffffffffffffffffffffff01'],
])('%s: refused', (_, hex) => {
  expect(() => decode(Buffer.from(hex, 'hex'))).toThrow(
    expect.objectContaining({ code: 'FLM6101' }),
  )
})
