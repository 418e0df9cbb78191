import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bodiesOf, streamBatch } from '../../test/sim/flow-parts.ts'
import { batchOf, bodyBytes, select } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import { cutTogether } from './cut-together.ts'
import { LETTER_HEADER_BYTES } from './dead-letter-batch.ts'

/** Events with the given offsets. */
function withOffsets(offsets: readonly number[], bodies: readonly string[]): Batch {
  const batch = streamBatch('s', 0, bodies)
  const of = Float64Array.from(offsets)
  return { ...batch, origin: { ...batch.origin!, offsets: of, to: offsets.at(-1) ?? 0 } }
}

describe('what goes on and what was given up on, cut at the same offsets', () => {
  test('each stretch has all events of its offsets, within the limits', () => {
    const parents = fc.array(
      fc.record({ dead: fc.nat(2), kept: fc.nat(3), size: fc.integer({ min: 1, max: 12 }) }),
      { minLength: 1, maxLength: 40 },
    )
    const limits = fc.record({
      batchEventsMax: fc.integer({ min: 3, max: 9 }),
      batchBytesMax: fc.integer({ min: 36, max: 5 * LETTER_HEADER_BYTES }),
    })
    fc.assert(
      fc.property(parents, limits, (of, bounds) => {
        const bodies = of.flatMap(({ dead, kept, size }, i) =>
          [...Array<'d'>(dead).fill('d'), ...Array<'k'>(kept).fill('k')].map((kind) => ({
            kind,
            offset: (i + 1) * 10,
            body: kind.repeat(size),
          })),
        )
        const batch = withOffsets(
          bodies.map(({ offset }) => offset),
          bodies.map(({ body }) => body),
        )
        const of_ = { ...batch, origin: { ...batch.origin!, to: of.length * 10 } }
        const pick = (wanted: string): Batch =>
          select(
            of_,
            Uint32Array.from(bodies.flatMap(({ kind }, i) => (kind === wanted ? [i] : []))),
          )
        const { stretches, refusedEvents } = cutTogether(pick('k'), pick('d'), bounds)
        let at = 0
        for (const { kept, deadLetters } of stretches) {
          for (const part of [kept, deadLetters]) {
            expect(part.origin!.from).toBe(at)
            expect(part.origin!.to).toBe(kept.origin!.to)
            expect(part.count).toBeLessThanOrEqual(bounds.batchEventsMax)
            expect(bodyBytes(part)).toBeLessThanOrEqual(bounds.batchBytesMax)
            for (const offset of part.origin!.offsets) {
              expect(offset).toBeGreaterThan(at)
              expect(offset).toBeLessThanOrEqual(part.origin!.to)
            }
          }
          at = kept.origin!.to
        }
        expect(at).toBe(of.length * 10)
        const got = stretches.flatMap(({ kept, deadLetters }) =>
          [kept, deadLetters].flatMap(bodiesOf),
        )
        expect(got.length + refusedEvents).toBe(bodies.length)
      }),
      { numRuns: 500 },
    )
  })

  test('without offsets each is cut by itself', () => {
    const events = (count: number): Batch =>
      batchOf(Array.from({ length: count }, () => ({ body: Buffer.from('x') })))
    const limits = { batchEventsMax: 2, batchBytesMax: 10 * LETTER_HEADER_BYTES }
    const { stretches } = cutTogether(events(5), events(3), limits)
    expect(stretches.map(({ kept, deadLetters }) => [kept.count, deadLetters.count])).toEqual([
      [2, 2],
      [2, 1],
      [1, 0],
    ])
  })

  test('letters leave room in a record for their headers', () => {
    const batch = batchOf(Array.from({ length: 100 }, () => ({ body: Buffer.from('x') })))
    const limits = { batchEventsMax: 1000, batchBytesMax: 10 * LETTER_HEADER_BYTES }
    const { stretches } = cutTogether(select(batch, new Uint32Array(0)), batch, limits)
    expect(stretches.map(({ deadLetters }) => deadLetters.count)).toEqual(Array(10).fill(10))
  })
})
