import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Batch } from '../core/batch.ts'
import { NO_HEADERS, batchOf } from '../core/batch.ts'
import { encodeJson } from './json.ts'

interface Line {
  readonly id?: string
  readonly headers: Record<string, string>
  readonly body: string
  readonly encoding?: 'base64'
}

function decode(batch: Batch): Line[] {
  const text = Buffer.concat(encodeJson(batch)).toString()
  if (text === '') return []
  expect(text.endsWith('\n')).toBe(true)
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

function bodyOf(line: Line): Buffer {
  return Buffer.from(line.body, line.encoding ?? 'utf8')
}

describe('JSON encoder', () => {
  test('one object per line: id, headers, body', () => {
    const batch: Batch = {
      ...batchOf([
        { body: Buffer.from('a "quoted" body'), headers: { host: 'h1', tier: 'gold' } },
        { body: Buffer.from('two\nlines'), headers: { host: 'h1' } },
      ]),
      ids: { stream: 'c0ffee', first: 41 },
    }
    expect(Buffer.concat(encodeJson(batch)).toString()).toBe(
      '{"id":"c0ffee/41","headers":{"host":"h1","tier":"gold"},"body":"a \\"quoted\\" body"}\n' +
        '{"id":"c0ffee/42","headers":{"host":"h1"},"body":"two\\nlines"}\n',
    )
  })

  test('an event without id, headers and body is still an object', () => {
    expect(Buffer.concat(encodeJson(batchOf([{ body: Buffer.alloc(0) }]))).toString()).toBe(
      '{"headers":{},"body":""}\n',
    )
  })

  test('a body that is not UTF-8 is base64 and says so; its neighbours are strings', () => {
    const bodies = [Buffer.from('ä'), Buffer.from([0xff, 0x00, 0xfe]), Buffer.from('z')]
    const decoded = decode(batchOf(bodies.map((body) => ({ body }))))
    expect(decoded.map((line) => line.encoding)).toEqual([undefined, 'base64', undefined])
    expect(decoded.map(bodyOf)).toEqual(bodies)
  })

  test('a character cut into two bodies is valid in neither', () => {
    const [head, tail] = [Buffer.from('€').subarray(0, 1), Buffer.from('€').subarray(1)]
    const decoded = decode(batchOf([{ body: head }, { body: tail }]))
    expect(decoded.map(bodyOf)).toEqual([head, tail])
  })

  test('line feeds between bodies are no part of them', () => {
    const batch: Batch = {
      count: 3,
      bodies: Buffer.from('é\n\nb\n'),
      ends: Uint32Array.of(3, 4, 6),
      gap: 1,
      headers: NO_HEADERS,
      origin: undefined,
      ids: undefined,
      appendedAtMs: undefined,
    }
    expect(decode(batch).map((line) => line.body)).toEqual(['é', '', 'b'])
  })

  test('any bytes and any headers come back as they were', () => {
    const event = fc.record({
      body: fc.oneof(
        fc.uint8Array({ maxLength: 12 }),
        fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => Buffer.from(text)),
      ),
      headers: fc.dictionary(fc.string({ unit: 'binary', maxLength: 4 }), fc.string(), {
        maxKeys: 3,
      }),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), (events) => {
        const decoded = decode(batchOf(events))
        expect(decoded.length).toBe(events.length)
        for (const [i, line] of decoded.entries()) {
          expect(bodyOf(line).equals(events[i]!.body)).toBe(true)
          expect(new Map(Object.entries(line.headers))).toEqual(
            new Map(Object.entries(events[i]!.headers)),
          )
        }
      }),
    )
  })

  test('a large batch is encoded in pieces and loses nothing between them', () => {
    const body = Buffer.alloc(300_000, 'x')
    const batch = batchOf(Array.from({ length: 20 }, () => ({ body })))
    const pieces = encodeJson(batch)
    expect(pieces.length).toBeGreaterThan(3)
    expect(decode(batch).every((line) => line.body.length === body.length)).toBe(true)
  })
})
