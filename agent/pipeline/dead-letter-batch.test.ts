import { expect, test } from 'vitest'
import { bodiesOf, streamBatch } from '../../test/sim/flow-parts.ts'
import { batchOf, headersAt, select } from '../core/batch.ts'
import { REASON_LENGTH_MAX } from '../core/dead-letter.ts'
import { deadLetterBatch, inOneBatch } from './dead-letter-batch.ts'

const nowMs = Date.UTC(2026, 0, 2)
const letters = { component: 'sink out', attempts: 2 }

test('the headers say why, who, when and how often, and replace older ones', () => {
  const old = { 'flume.deadLetter.reason': 'older', 'flume.deadLetter.attempts': '9', host: 'h' }
  const batch = batchOf([
    { body: Buffer.from('a'), headers: old },
    { body: Buffer.from('b'), headers: { host: 'h' } },
  ])
  const marked = deadLetterBatch([{ ...letters, batch, reason: ['too long', 'not UTF-8'] }], nowMs)
  expect({ ...headersAt(marked, 0) }).toEqual({
    host: 'h',
    'flume.deadLetter.reason': 'too long',
    'flume.deadLetter.component': 'sink out',
    'flume.deadLetter.time': '2026-01-02T00:00:00.000Z',
    'flume.deadLetter.attempts': '2',
  })
  expect(headersAt(marked, 1)['flume.deadLetter.reason']).toBe('not UTF-8')
  expect(marked.bodies).toBe(batch.bodies)
})

test('a reason is one line of bounded length', () => {
  const batch = batchOf([{ body: Buffer.from('a') }])
  const reason = `first\nsecond\u0007${'x'.repeat(10_000)}`
  const marked = deadLetterBatch([{ ...letters, batch, reason }], nowMs)
  const shown = headersAt(marked, 0)['flume.deadLetter.reason']!
  expect(shown).toMatch(/^first second x/)
  expect(shown).toHaveLength(REASON_LENGTH_MAX)
})

test('several of one batch become one in the order of the offsets', () => {
  const batch = streamBatch('s', 0, ['a', 'b', 'c', 'd', 'e'])
  const of = (...indices: number[]) => select(batch, Uint32Array.from(indices))
  const one = inOneBatch([of(1, 4), of(0, 2), of(3)])
  expect(bodiesOf(one)).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(one.origin).toEqual(batch.origin)
})
