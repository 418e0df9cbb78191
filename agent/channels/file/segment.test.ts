import { expect, test } from 'vitest'
import { bodies, logFixture } from '../../../test/sim/log-fixture.ts'
import { encodeBatch } from './batch-codec.ts'
import { ACK, BATCH, HEADER_BYTES } from './format.ts'
import { OpenSegment, plainRecord } from './segment.ts'
import type { PendingRecord } from './segment.ts'

async function opened() {
  const { disk } = await logFixture()
  const path = '/data/agent/flow/channel/one.seg'
  const file = await disk.open(path, 'create')
  await file.write([Buffer.alloc(HEADER_BYTES)], 0)
  const header = {
    id: Buffer.alloc(16, 3),
    channelId: Buffer.alloc(16),
    epoch: Buffer.alloc(8),
    firstSequence: 5,
    number: 1,
    createdAtMs: 100,
  }
  return {
    disk,
    path,
    segment: new OpenSegment(file, header, { endOffset: HEADER_BYTES, bytesMax: undefined }),
  }
}

const batch = (firstSequence: number, texts: string[]): PendingRecord => ({
  type: BATCH,
  encoded: encodeBatch(bodies(texts)),
  firstSequence,
  count: texts.length,
  appendedAtMs: 200,
})

test('several records are one write and one sync, and the segment knows what it holds', async () => {
  const { disk, segment } = await opened()
  const before = { ...disk.counts }
  let syncs = 0
  const placed = await segment.write(
    [batch(5, ['a', 'b']), plainRecord(ACK, Buffer.alloc(40), { nextSequence: 7, nowMs: 1 })],
    () => syncs++,
  )
  expect(disk.counts.write - before.write).toBe(1)
  expect(disk.counts.datasync - before.datasync).toBe(1)
  expect(syncs).toBe(1)
  expect(placed[0]).toStrictEqual({ offset: HEADER_BYTES, firstSequence: 5 })
  expect(segment.sealed()).toMatchObject({
    firstSequence: 5,
    endSequence: 7,
    firstAppendedAtMs: 200,
  })
  expect(segment.endOffset).toBe(disk.contentOf('/data/agent/flow/channel/one.seg').length)
})

test('a short write is a failed write, and its part is cut off', async () => {
  const { disk, path, segment } = await opened()
  disk.faults.arm({ kinds: ['write'], code: 'ENOSPC', shortTo: 0.5, shortOnly: true })
  await expect(segment.write([batch(5, ['a'.repeat(100)])], () => {})).rejects.toMatchObject({
    code: 'FLM2202',
    retryable: true,
  })
  expect(segment.endOffset).toBe(HEADER_BYTES)
  expect(disk.contentOf(path).length).toBe(HEADER_BYTES)
})

test('a failed sync leaves the end where it was', async () => {
  const { disk, segment } = await opened()
  disk.faults.arm({ kinds: ['datasync'], code: 'EIO' })
  await expect(segment.write([batch(5, ['a'])], () => {})).rejects.toThrow('EIO')
  expect(segment.sealed()).toMatchObject({ endOffset: HEADER_BYTES, endSequence: 5 })
})
