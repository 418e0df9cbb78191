import { expect, test } from 'vitest'
import { bodies, logFixture } from '../../../test/sim/log-fixture.ts'
import { encodeBatch } from './batch-codec.ts'
import { SegmentFold } from './fold.ts'
import { ACK, BATCH, END, HEADER_BYTES } from './format.ts'
import { scannerOf } from './log-reader.ts'
import { OpenSegment, plainRecord } from './segment.ts'
import type { PendingRecord } from './segment.ts'
import { ChannelState } from './state.ts'
import { encodeAcknowledgement } from './state-codec.ts'

const PATH = '/data/agent/flow/channel/one.seg'
const header = {
  id: Buffer.alloc(16, 3),
  channelId: Buffer.alloc(16),
  epoch: Buffer.alloc(8),
  firstSequence: 0,
  number: 1,
  createdAtMs: 0,
}

const batch = (first: number, stream?: string): PendingRecord => ({
  type: BATCH,
  encoded: encodeBatch(bodies(['a', 'b'], stream)),
  firstSequence: first,
  count: 2,
  appendedAtMs: 7,
})

const ack = (from: number, to: number, next: number): PendingRecord =>
  plainRecord(
    ACK,
    encodeAcknowledgement({
      ranges: [{ from, to }],
      lostEvents: 0,
      quarantinedRecords: 0,
      sinkStates: new Map(),
      positions: [],
    }),
    { nextSequence: next, nowMs: 0 },
  )

/**
 * Writes each group with its own sync, then damages byte `at` of record `record`; `cutAt`: the file ends
 * that far into the last record.
 */
async function folded(
  groups: readonly PendingRecord[][],
  damage?: { record: number; at: number; cutAt?: number },
  below?: number,
) {
  const { disk } = await logFixture()
  const file = await disk.open(PATH, 'create')
  await file.write([Buffer.alloc(HEADER_BYTES)], 0)
  const segment = new OpenSegment(file, header, { endOffset: HEADER_BYTES, bytesMax: undefined })
  const offsets: number[] = []
  for (const group of groups)
    for (const placed of await segment.write(group, () => {})) offsets.push(placed.offset)
  if (damage !== undefined) disk.corrupt(PATH, offsets[damage.record]! + damage.at, 0xff)
  if (damage?.cutAt !== undefined) await file.truncate(offsets.at(-1)! + damage.cutAt)
  const state = new ChannelState(1e6)
  const scanner = scannerOf(file, header, { end: await file.size(), readBytes: 4096 })
  return { state, offsets, result: await new SegmentFold(state, below).run(scanner) }
}

test('records fold into sequence, positions and acknowledgements', async () => {
  const { state, result } = await folded([[batch(0, 's'), ack(0, 1, 2)], [batch(2)]])
  expect([state.nextSequence, state.floor]).toStrictEqual([4, 1])
  expect(state.positions.get('s')?.offset).toBe(20)
  expect(result).toMatchObject({ damages: [], lostEvents: 0, records: 3, firstAppendedAtMs: 7 })
})

test('damage below what was synced is corruption: its events are lost and the rest counts', async () => {
  for (const at of [0, 70]) {
    const { state, result, offsets } = await folded([[batch(0)], [batch(2)], [batch(4)]], {
      record: 1,
      at,
    })
    expect(result.damages).toStrictEqual([{ from: offsets[1], to: offsets[2] }])
    expect([result.lostEvents, state.nextSequence]).toStrictEqual([2, 6])
    expect(state.backlog().ranges()).toStrictEqual([
      { from: 0, to: 2 },
      { from: 4, to: 6 },
    ])
  }
})

test('damage in the last group is torn: it and what follows is cut, whatever is valid there', async () => {
  const { state, result, offsets } = await folded([[batch(0)], [batch(2), batch(4)]], {
    record: 1,
    at: 70,
  })
  expect(result).toMatchObject({ damages: [], lostEvents: 0, endOffset: offsets[1] })
  expect(state.nextSequence).toBe(2)
})

test('a damaged batch that was acknowledged is no loss', async () => {
  const { result, state } = await folded(
    [
      [batch(0)],
      [ack(0, 2, 2)],
      [batch(2)],
      [plainRecord(END, Buffer.alloc(0), { nextSequence: 4, nowMs: 0 })],
    ],
    { record: 0, at: 70 },
  )
  expect(result.lostEvents).toBe(0)
  expect(result.damages).toHaveLength(1)
  expect(state.floor).toBe(2)
})

test('a damaged acknowledgement means redelivery', async () => {
  const { result, state } = await folded([[batch(0)], [ack(0, 2, 2)], [batch(2)]], {
    record: 1,
    at: 70,
  })
  expect(result.lostEvents).toBe(0)
  expect(state.backlog().size).toBe(4)
})

test('events behind the first of the next segment do not count, and those up to it are lost', async () => {
  const { result, state } = await folded([[batch(0)], [batch(2)], [batch(4)]], undefined, 4)
  expect([result.lostEvents, state.nextSequence]).toStrictEqual([0, 4])
  const gap = await folded([[batch(0)]], undefined, 4)
  expect([gap.result.lostEvents, gap.state.nextSequence]).toStrictEqual([2, 4])
})

test('a record that a crash cut short still says what was synced before it: damage there is counted', async () => {
  const { state, result, offsets } = await folded([[batch(0)], [batch(2)], [batch(4)]], {
    record: 1,
    at: 0,
    cutAt: 70,
  })
  expect(result.damages).toStrictEqual([{ from: offsets[1], to: offsets[2] }])
  expect(result.endOffset).toBe(offsets[2])
  expect([result.lostEvents, state.nextSequence]).toStrictEqual([2, 4])
})
