import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DIRECTORY, logFixture } from '../../../test/sim/log-fixture.ts'
import { encodeSegmentHeader, segmentName } from './format.ts'
import { Reserve } from './reserve.ts'

const BYTES = 8192

test('three files are written, synced and found again', async () => {
  const { disk } = await logFixture()
  const reserve = new Reserve(disk, DIRECTORY, BYTES)
  await reserve.fill()
  expect([reserve.complete, reserve.bytes]).toStrictEqual([true, 3 * BYTES])
  const after = disk.crash('power', { data: 'none', names: 'none' })
  const again = new Reserve(after, DIRECTORY, BYTES)
  await again.load(() => true)
  expect(again.complete).toBe(true)
})

test('a file of another size is removed and made anew', async () => {
  const { disk } = await logFixture()
  disk.place(join(DIRECTORY, 'reserve-1'), Buffer.alloc(100))
  const reserve = new Reserve(disk, DIRECTORY, BYTES)
  await reserve.load(() => true)
  expect(reserve.bytes).toBe(0)
  await reserve.fill()
  expect(await disk.size(join(DIRECTORY, 'reserve-1'))).toBe(BYTES)
})

test('a segment that is not needed becomes the file that is missing, on a full disk', async () => {
  const { disk } = await logFixture()
  const reserve = new Reserve(disk, DIRECTORY, BYTES)
  await reserve.fill()
  const taken = reserve.take()!
  await disk.rename(taken, join(DIRECTORY, 'used'))
  disk.place(join(DIRECTORY, 'old.seg'), Buffer.alloc(20_000, 1))
  disk.capacityBytes = disk.usedBytes
  expect(await reserve.recycle(join(DIRECTORY, 'old.seg'), 20_000)).toBe(true)
  expect(await disk.size(taken)).toBe(BYTES)
  expect(await reserve.recycle(join(DIRECTORY, 'used'), BYTES)).toBe(false)
})

test('a segment smaller than a reserve file is not taken for one', async () => {
  const { disk } = await logFixture()
  const reserve = new Reserve(disk, DIRECTORY, BYTES)
  disk.place(join(DIRECTORY, 'old.seg'), Buffer.alloc(100))
  expect(await reserve.recycle(join(DIRECTORY, 'old.seg'), 100)).toBe(false)
})

test('on a full disk filling fails, leaves no part of a file, and works when there is room', async () => {
  const { disk } = await logFixture()
  disk.capacityBytes = disk.usedBytes + BYTES
  const reserve = new Reserve(disk, DIRECTORY, BYTES)
  await expect(reserve.fill()).rejects.toThrow()
  expect((await disk.list(DIRECTORY)).filter((name) => name.endsWith('.tmp'))).toStrictEqual([])
  disk.capacityBytes = Infinity
  await reserve.fill()
  expect(reserve.complete).toBe(true)
})

test('a file that could not be used goes back', async () => {
  const { disk } = await logFixture()
  const reserve = new Reserve(disk, DIRECTORY, BYTES)
  await reserve.fill()
  const taken = reserve.take()!
  expect(reserve.complete).toBe(false)
  reserve.giveBack(taken)
  expect(reserve.complete).toBe(true)
})

test('a name that a power loss left beside that of the segment is no reserve: the segment would be overwritten', async () => {
  const { disk } = await logFixture()
  const header = {
    id: Buffer.alloc(16, 3),
    channelId: Buffer.alloc(16),
    epoch: Buffer.alloc(8),
    firstSequence: 0,
    number: 5,
    createdAtMs: 0,
  }
  const file = (id: number): Buffer => {
    const head = encodeSegmentHeader({ ...header, id: Buffer.alloc(16, id) })
    return Buffer.concat([head, Buffer.alloc(BYTES - head.length)])
  }
  disk.place(join(DIRECTORY, segmentName(5)), file(3))
  disk.place(join(DIRECTORY, 'reserve-0'), file(3))
  // Of a roll that failed, and of a segment that is gone: these are reserve.
  disk.place(join(DIRECTORY, 'reserve-1'), file(4))
  disk.place(join(DIRECTORY, 'reserve-2'), Buffer.alloc(BYTES))
  const image = disk.image('kill')
  const reserve = new Reserve(disk, DIRECTORY, BYTES)
  await reserve.load(() => true)
  expect(reserve.bytes).toBe(2 * BYTES)
  expect(await disk.size(join(DIRECTORY, 'reserve-0'))).toBeUndefined()
  expect(await disk.size(join(DIRECTORY, segmentName(5)))).toBe(BYTES)
  // Where all of the segment was delivered it is the reserve that is wanted, and its name that goes.
  const done = new Reserve(image, DIRECTORY, BYTES)
  await done.load((segment) => segment !== 5)
  expect(done.complete).toBe(true)
  expect(await image.size(join(DIRECTORY, segmentName(5)))).toBeUndefined()
})
