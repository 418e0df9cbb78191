import { expect, test } from 'vitest'
import { headersAt } from '../../core/batch.ts'
import { batchOfChunk, positionBatch } from './batches.ts'
import { EMPTY_FINGERPRINT, parseMemo } from './fingerprint.ts'
import { TailedFile } from './tailed-file.ts'

const file = new TailedFile({
  path: '/a',
  group: { name: '', headers: {} },
  headers: new Map([['kind', 'web']]),
  identity: { device: '1', inode: '2', born: '3' },
  stream: 's',
  foundInScan: 1,
  nowMs: 0,
})
const chunk = {
  count: 2,
  bodies: Buffer.from('ab\nc\n'),
  ends: Uint32Array.of(3, 5),
  gap: 1 as const,
  from: 100,
  to: 105,
  scanned: 105,
  offsets: Float64Array.of(103, 105),
  fingerprint: { ...EMPTY_FINGERPRINT, at: 105 },
}

test('a batch has the headers of the file and the origin with the memo of its end', () => {
  const batch = batchOfChunk(file, chunk, false)
  expect(headersAt(batch, 1)).toEqual({ kind: 'web' })
  expect(batch.origin).toMatchObject({ stream: 's', from: 100, to: 105, routing: '' })
  expect(parseMemo(batch.origin!.memo)?.fingerprint.at).toBe(105)
  expect(batch.bodies).toBe(chunk.bodies)
})

test('the offset header says where each line begins', () => {
  const batch = batchOfChunk(file, chunk, true)
  expect(headersAt(batch, 0)).toEqual({ kind: 'web', byteoffset: '100' })
  expect(headersAt(batch, 1)).toEqual({ kind: 'web', byteoffset: '103' })
})

test('a position alone is a batch without events', () => {
  expect(positionBatch('s', 7, '{}')).toMatchObject({
    count: 0,
    origin: { from: 7, to: 7, memo: '{}' },
  })
})
