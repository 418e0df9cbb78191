import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DIRECTORY, logFixture } from '../../../test/sim/log-fixture.ts'
import { Reserve } from './reserve.ts'
import { Spares } from './spares.ts'

async function fixture() {
  const { disk, log } = await logFixture()
  let removed = 0
  const spares = new Spares({
    disk,
    directory: DIRECTORY,
    log,
    segmentBytes: 1000,
    onRemoved: () => removed++,
  })
  const segment = (name: string, bytes = 1000) => {
    const path = join(DIRECTORY, name)
    disk.place(path, Buffer.alloc(bytes, 7))
    return { path, bytes }
  }
  return { disk, log, spares, segment, removed: () => removed }
}

test('two segments are kept to be written again, and the last one is used first', async () => {
  const { disk, spares, segment } = await fixture()
  expect(await spares.keep(segment('a.seg'))).toBe(true)
  expect(await spares.keep(segment('b.seg'))).toBe(true)
  expect(await spares.keep(segment('c.seg'))).toBe(false)
  expect(spares.bytes).toBe(2000)
  const { path } = spares.take()!
  expect(await disk.size(path)).toBe(1000)
  expect(await disk.list(DIRECTORY)).toStrictEqual(['c.seg', 'spare-1', 'spare-2'])
  expect(spares.take()).toBeDefined()
  expect(spares.take()).toBeUndefined()
})

test('a segment that was sealed early is not worth keeping', async () => {
  const { spares, segment } = await fixture()
  expect(await spares.keep(segment('a.seg', 700))).toBe(false)
})

test('bytes count until they are free, and somebody hears when they are', async () => {
  const { disk, spares, segment, removed } = await fixture()
  await spares.keep(segment('a.seg'))
  spares.remove(segment('b.seg'))
  spares.release()
  expect(spares.bytes).toBe(2000)
  await spares.removed
  expect([spares.bytes, removed()]).toStrictEqual([0, 2])
  expect(await disk.list(DIRECTORY)).toStrictEqual([])
})

test('spares of an earlier run are deleted, nothing else is', async () => {
  const { disk, spares, segment } = await fixture()
  for (const name of ['spare-1', 'spare-x', 'reserve-0', 'a.seg']) segment(name)
  await spares.load()
  await spares.removed
  expect(await disk.list(DIRECTORY)).toStrictEqual(['a.seg', 'reserve-0', 'spare-x'])
})

test('on a full disk a spare becomes reserve, and the next one room', async () => {
  const { disk, spares, segment } = await fixture()
  const reserve = new Reserve(disk, DIRECTORY, 800)
  await reserve.fill()
  await disk.remove(reserve.take()!)
  await spares.keep(segment('a.seg'))
  await spares.keep(segment('b.seg'))
  await spares.giveUp(reserve)
  expect([reserve.complete, spares.bytes]).toStrictEqual([true, 0])
  expect(await disk.list(DIRECTORY)).toStrictEqual(['reserve-0', 'reserve-1', 'reserve-2'])
})

test('a deletion that fails is logged and holds nobody up', async () => {
  const { disk, log, spares, segment } = await fixture()
  disk.faults.arm({ kinds: ['remove'], code: 'EIO' })
  spares.remove(segment('a.seg'))
  spares.remove(segment('b.seg'))
  await spares.removed
  expect(log.lines.map((line) => line.level)).toStrictEqual(['warn'])
  expect(await disk.list(DIRECTORY)).toStrictEqual(['a.seg'])
})
