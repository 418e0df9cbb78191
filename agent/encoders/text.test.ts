import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Batch } from '../core/batch.ts'
import { NO_HEADERS, batchOf, slice } from '../core/batch.ts'
import { encodeText } from './text.ts'

function lines(...bodies: readonly string[]): Batch {
  const ends = new Uint32Array(bodies.length)
  let bytes = 0
  for (const [i, body] of bodies.entries()) ends[i] = bytes += Buffer.byteLength(body) + 1
  return {
    count: bodies.length,
    bodies: Buffer.from(bodies.map((body) => `${body}\n`).join('')),
    ends,
    gap: 1,
    headers: NO_HEADERS,
    origin: undefined,
    ids: undefined,
    appendedAtMs: undefined,
  }
}

describe('text encoder', () => {
  test('a batch with gaps is handed on as it is, without a copy', () => {
    const batch = lines('one', '', 'three')
    const [text] = encodeText(batch)
    expect(text!.toString()).toBe('one\n\nthree\n')
    expect(text!.buffer).toBe(batch.bodies.buffer)
  })

  test('a slice of a batch with gaps gives its own lines alone', () => {
    expect(Buffer.concat(encodeText(slice(lines('a', 'bb', 'ccc'), 1, 2))).toString()).toBe('bb\n')
  })

  test('bodies without gaps get one line feed each, whatever is in them', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1 }), (bodies) => {
        const expected = Buffer.concat(bodies.flatMap((body) => [body, Buffer.from('\n')]))
        const batch = batchOf(bodies.map((body) => ({ body })))
        expect(Buffer.concat(encodeText(batch)).equals(expected)).toBe(true)
      }),
    )
  })

  test('no event is no byte', () => {
    expect(encodeText(batchOf([]))).toEqual([])
  })
})
