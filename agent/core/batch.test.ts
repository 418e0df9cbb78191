import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Batch } from './batch.ts'
import {
  batchOf,
  bodyAt,
  bodyBytes,
  headerAt,
  headersAt,
  select,
  slice,
  withDefaultHeader,
  withHeader,
} from './batch.ts'

const event = fc.record({
  body: fc.uint8Array({ maxLength: 10 }),
  headers: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2')),
})
const events = fc.array(event, { maxLength: 12 })

function plain(batch: Batch) {
  return Array.from({ length: batch.count }, (_, i) => ({
    body: bodyAt(batch, i).toString('hex'),
    headers: { ...headersAt(batch, i) },
    offset: batch.origin?.offsets[i],
  }))
}

/** The same events as lines: each body followed by a line feed that is no part of it. */
function asLines(batch: Batch): Batch {
  const pieces: Buffer[] = []
  for (let i = 0; i < batch.count; i++) pieces.push(bodyAt(batch, i), Buffer.from('\n'))
  return {
    ...batch,
    bodies: Buffer.concat(pieces),
    ends: batch.ends.map((end, i) => end + i + 1),
    gap: 1,
  }
}

function batches() {
  return fc.tuple(events, fc.boolean()).map(([list, lines]) => {
    const offsets = Float64Array.from(list, (_, i) => (i + 1) * 10)
    const origin = {
      stream: 's',
      from: 5,
      to: list.length * 10 + 3,
      offsets,
      memo: '',
      routing: '',
    }
    const batch = batchOf(list, origin)
    return lines ? asLines(batch) : batch
  })
}

test('a batch has the events it was made of, common headers stored once', () => {
  fc.assert(
    fc.property(events, (list) => {
      const batch = batchOf(list)
      expect(plain(batch).map(({ body, headers }) => ({ body, headers }))).toStrictEqual(
        list.map(({ body, headers }) => ({
          body: Buffer.from(body).toString('hex'),
          headers: { ...headers },
        })),
      )
      for (const name of batch.headers.common.keys())
        expect(batch.headers.columns.has(name)).toBe(false)
      expect(bodyBytes(batch)).toBe(list.reduce((sum, { body }) => sum + body.length, 0))
    }),
  )
})

test('a slice is the events it names, its origin the range they were read from', () => {
  fc.assert(
    fc.property(batches(), fc.nat(12), fc.nat(12), (batch, a, b) => {
      const from = Math.min(a, b, batch.count)
      const to = Math.min(Math.max(a, b), batch.count)
      const part = slice(batch, from, to)
      expect(plain(part)).toStrictEqual(plain(batch).slice(from, to))
      expect(part.origin!.from).toBe(from === 0 ? 5 : from * 10)
      const before = to === 0 ? 5 : to * 10
      expect(part.origin!.to).toBe(to === batch.count ? batch.origin!.to : before)
    }),
  )
})

test('slices put together cover the whole range without a gap', () => {
  fc.assert(
    fc.property(batches(), fc.nat(12), (batch, at) => {
      const cut = Math.min(at, batch.count)
      const [left, right] = [slice(batch, 0, cut), slice(batch, cut, batch.count)]
      if (cut === 0 || cut === batch.count) return
      expect(left.origin!.to).toBe(right.origin!.from)
    }),
  )
})

test('a selection keeps the events, and the range they were read from stays whole', () => {
  fc.assert(
    fc.property(batches(), fc.array(fc.nat(11)), (batch, picks) => {
      const indices = [...new Set(picks)].filter((i) => i < batch.count).sort((a, b) => a - b)
      const part = select(batch, Uint32Array.from(indices))
      expect(plain(part)).toStrictEqual(indices.map((i) => plain(batch)[i]))
      expect(part.origin!.from).toBe(batch.origin!.from)
      expect(part.origin!.to).toBe(batch.origin!.to)
    }),
  )
})

test('a header replaces what was there, or only fills the gaps', () => {
  fc.assert(
    fc.property(batches(), (batch) => {
      const replaced = withHeader(batch, 'a', 'new')
      const filled = withDefaultHeader(batch, 'a', 'new')
      for (let i = 0; i < batch.count; i++) {
        expect(headerAt(replaced, i, 'a')).toBe('new')
        expect(headerAt(filled, i, 'a')).toBe(headerAt(batch, i, 'a') ?? 'new')
        expect(headerAt(filled, i, 'b')).toBe(headerAt(batch, i, 'b'))
      }
      expect(replaced.bodies).toBe(batch.bodies)
    }),
  )
})

test('a header named like a property of every object is only a header', () => {
  const batch = batchOf([
    { body: Buffer.alloc(0), headers: { ['__proto__']: 'x', constructor: 'y' } },
  ])
  expect(headersAt(batch, 0)['constructor']).toBe('y')
  expect(headersAt(batchOf([{ body: Buffer.alloc(0) }]), 0)['constructor']).toBeUndefined()
})
