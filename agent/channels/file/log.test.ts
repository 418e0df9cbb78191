import { expect, test } from 'vitest'
import { DIRECTORY, bodies, logFixture } from '../../../test/sim/log-fixture.ts'
import { encodeBatch } from './batch-codec.ts'
import { BATCH } from './format.ts'
import { Log } from './log.ts'
import type { PendingRecord } from './segment.ts'
import { ChannelState } from './state.ts'

const found = { channelId: Buffer.alloc(16, 1), segments: [], lastNumber: 0 }

async function opened(capacityBytes = Infinity) {
  const fixture = await logFixture()
  fixture.disk.capacityBytes = capacityBytes
  const log = new Log({ ...fixture.context, options: fixture.options }, found)
  const state = new ChannelState(2048)
  await log.roll(state)
  await log.refill()
  return { ...fixture, log, state }
}

function record(state: ChannelState, text = 'x'.repeat(1000)): PendingRecord {
  const encoded = encodeBatch(bodies([text]))
  const firstSequence = state.nextSequence
  return { type: BATCH, encoded, firstSequence, count: 1, appendedAtMs: 0 }
}

async function write(log: Log, state: ChannelState): Promise<void> {
  await log.write([record(state)])
  state.applyBatch(1, undefined)
}

test('a roll writes and syncs the new segment before its name appears, and the name before it is used', async () => {
  const { disk, log, state } = await opened()
  disk.trace.length = 0
  const calls: string[] = []
  disk.onCall = ({ kind, path }) => calls.push(`${kind} ${path.split('/').pop()}`)
  await log.roll(state)
  const two = '0000000000000002.tmp'
  expect(calls.filter((call) => !/^(stat|close|truncate) /.test(call))).toStrictEqual([
    `create ${two}`,
    `write ${two}`,
    `write ${two}`,
    `datasync ${two}`,
    `rename ${two} → 0000000000000002.seg`,
    'syncDirectory channel',
  ])
})

test('fully acknowledged segments go, but never the newest two', async () => {
  const { disk, log, state } = await opened()
  for (let n = 0; n < 4; n++) {
    await write(log, state)
    await log.roll(state)
  }
  expect(log.segments).toHaveLength(5)
  state.acknowledge(0, 4)
  await log.discard(state)
  expect(log.segments.map((segment) => segment.number)).toStrictEqual([4, 5])
  const names = await disk.list(DIRECTORY)
  expect(names.filter((name) => name.endsWith('.seg'))).toHaveLength(2)
})

test('a segment with one event nobody acknowledged stays', async () => {
  const { log, state } = await opened()
  for (let n = 0; n < 4; n++) {
    await write(log, state)
    await log.roll(state)
  }
  state.acknowledge(1, 4)
  await log.discard(state)
  expect(log.segments[0]).toMatchObject({ number: 1, firstSequence: 0, endSequence: 1 })
})

test('on a full disk the next segment is made of the reserve, and appends have to wait', async () => {
  const { disk, log, state } = await opened()
  await write(log, state)
  disk.capacityBytes = disk.usedBytes
  await log.roll(state)
  expect(log.full).toBe(true)
  expect(log.hasRoom(1000, false)).toBe(true)
  expect(log.hasRoom(8192, true)).toBe(true)
  await log.write([record(state, '')])
  expect(log.hasRoom(8192, true)).toBe(false)
  expect((await disk.list(DIRECTORY)).filter((name) => name.startsWith('reserve'))).toHaveLength(2)
})

test('a disk that stays full is rolled on for ever: segments without events become reserve again', async () => {
  const { disk, log, state } = await opened()
  await write(log, state)
  disk.capacityBytes = disk.usedBytes
  for (let n = 0; n < 20; n++) await log.roll(state)
  expect(log.full).toBe(true)
  expect(
    log.segments.filter((segment) => segment.endSequence > segment.firstSequence),
  ).toHaveLength(1)
})

test('a freed segment refills the reserve without new blocks, and the disk counts as not full', async () => {
  const { disk, log, state } = await opened()
  for (let n = 0; n < 20; n++) await write(log, state)
  await log.roll(state)
  await write(log, state)
  disk.capacityBytes = disk.usedBytes
  await log.roll(state)
  await log.roll(state)
  expect(log.full).toBe(true)
  state.acknowledge(0, state.nextSequence)
  await log.roll(state)
  await log.roll(state)
  expect(log.full).toBe(false)
})

test('a roll that fails leaves nothing open, and the next one takes a new number', async () => {
  const { disk, log, state } = await opened()
  disk.faults.arm({ kinds: ['rename'], code: 'EIO' })
  await expect(log.roll(state)).rejects.toThrow('EIO')
  await expect(log.write([record(state)])).rejects.toMatchObject({ code: 'FLM2201' })
  await log.roll(state)
  await write(log, state)
  expect(log.segments.at(-1)?.number).toBe(3)
})

test('after a failed write the segment ends where it was durable', async () => {
  const { disk, log, state } = await opened()
  await write(log, state)
  const end = log.segments.at(-1)!.endOffset
  disk.faults.arm({ kinds: ['datasync'], code: 'EIO' })
  const error: unknown = await log.write([record(state)]).catch((thrown: unknown) => thrown)
  await log.seal(error)
  await log.roll(state)
  expect(log.segments.at(-2)).toMatchObject({ endOffset: end, endSequence: 1 })
})

test('a predecessor whose events are all acknowledged is known as what a roll would free', async () => {
  const { log, state } = await opened()
  await write(log, state)
  expect(log.holdsDone(state)).toBe(false)
  await log.roll(state)
  expect(log.holdsDone(state)).toBe(false)
  state.acknowledge(0, 1)
  expect(log.holdsDone(state)).toBe(true)
  await log.roll(state)
  expect(log.holdsDone(state)).toBe(false)
})

test('a reserve file that cannot be written is closed again at each attempt', async () => {
  const { disk, log, state } = await opened()
  await write(log, state)
  disk.capacityBytes = disk.usedBytes
  await log.roll(state)
  disk.faults.arm({ kinds: ['write'], code: 'EIO', persistent: true })
  const before = { ...disk.counts }
  for (let n = 0; n < 5; n++) await expect(log.roll(state)).rejects.toThrow('EIO')
  const opens = disk.counts.open + disk.counts.create - before.open - before.create
  // The segment that was being written is closed too.
  expect(disk.counts.close - before.close).toBe(opens + 1)
})
