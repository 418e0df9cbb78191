import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DIRECTORY, bodies, logFixture } from '../../../test/sim/log-fixture.ts'
import type { SimDisk } from '../../../test/sim/disk.ts'
import { openWith } from './channel.ts'
import { HEADER_BYTES } from './format.ts'
import { Quarantine } from './quarantine.ts'
import { recover } from './recovery.ts'

const never = new AbortController().signal

/** A channel of two segments with an event in each, not closed. */
async function written() {
  const fixture = await logFixture()
  for (const text of ['first', 'second']) {
    const channel = await openWith(fixture.options, fixture.context)
    const batch = bodies([text], 's')
    await channel.append(batch, await channel.reserve({ events: 1, bytes: 10 }, never)).safe
    if (text === 'first') await channel.close()
  }
  const recovered = (disk: SimDisk) => {
    const { log, options } = fixture
    const quarantine = new Quarantine(disk, DIRECTORY, { log, bytesMax: 1e6 })
    return recover({ directory: DIRECTORY, disk, log, options, quarantine })
  }
  return { ...fixture, recovered, newest: join(DIRECTORY, '0000000000000002.seg') }
}

test('an empty directory holds no channel', async () => {
  const { disk, log, options } = await logFixture()
  const quarantine = new Quarantine(disk, DIRECTORY, { log, bytesMax: 1e6 })
  expect(await recover({ directory: DIRECTORY, disk, log, options, quarantine })).toBeUndefined()
})

test('the newest checkpoint and the records behind it are the whole state', async () => {
  const { disk, recovered } = await written()
  const found = await recovered(disk.crash('kill'))
  expect(found!.state.nextSequence).toBe(1)
  expect(found!.lastNumber).toBe(2)
  expect(found!.segments.map((segment) => segment.number)).toStrictEqual([1, 2])
})

test('temporary files and unlisted segments are removed', async () => {
  const { disk, recovered } = await written()
  const after = disk.crash('kill')
  after.place(join(DIRECTORY, '0000000000000003.tmp'), Buffer.alloc(10))
  after.place(join(DIRECTORY, '0000000000000000.seg'), Buffer.alloc(10))
  await recovered(after)
  const names = await after.list(DIRECTORY)
  expect(names.filter((name) => /\.(tmp|seg)$/.test(name))).toStrictEqual([
    '0000000000000001.seg',
    '0000000000000002.seg',
  ])
})

test('the torn end is cut, and what stays is written again and synced before it is served', async () => {
  const { disk, recovered, newest } = await written()
  const after = disk.crash('kill')
  const length = after.contentOf(newest).length
  after.place(newest, Buffer.concat([after.contentOf(newest), Buffer.alloc(500, 7)]))
  const before = { ...after.counts }
  await recovered(after)
  expect(after.contentOf(newest)).toHaveLength(length)
  expect(after.counts.write).toBeGreaterThan(before.write)
  expect(after.counts.datasync).toBeGreaterThan(before.datasync)
})

test('with the newest checkpoint damaged the previous one stands in, and nothing is lost', async () => {
  const { disk, recovered, newest, log } = await written()
  const after = disk.crash('kill')
  after.corrupt(newest, HEADER_BYTES + 70, 0xff)
  const found = await recovered(after)
  // Before the second append the position of the stream was there already: it was a repeat.
  expect(found!.state.nextSequence).toBe(1)
  expect(found!.state.quarantinedRecords).toBe(1)
  expect(found!.state.lostEvents).toBe(0)
  expect(log.lines.some((line) => line.message.includes('checkpoint'))).toBe(true)
})

test('with both damaged the channel refuses to open, says why, and changes nothing', async () => {
  const { disk, recovered, newest } = await written()
  const after = disk.crash('kill')
  const oldest = join(DIRECTORY, '0000000000000001.seg')
  for (const path of [newest, oldest]) after.corrupt(path, HEADER_BYTES + 70, 0xff)
  const content = after.contentOf(newest)
  await expect(recovered(after)).rejects.toMatchObject({ code: 'FLM2102', retryable: false })
  expect(after.contentOf(newest)).toStrictEqual(content)
})

test('a segment of a newer version is refused by name', async () => {
  const { disk, recovered, newest } = await written()
  const { crc32 } = await import('node:zlib')
  const after = disk.crash('kill')
  const content = after.contentOf(newest)
  content.writeUInt32LE(2, 8)
  content.writeUInt32LE(crc32(content.subarray(0, 124)), 124)
  after.place(newest, content)
  await expect(recovered(after)).rejects.toMatchObject({ code: 'FLM2103' })
})

test('files and directories of others stay, whatever they are called', async () => {
  const { disk, recovered } = await written()
  const after = disk.crash('kill')
  after.place(join(DIRECTORY, 'notes.tmp'), Buffer.from('mine'))
  await after.makeDirectory(join(DIRECTORY, 'more.tmp', 'inner'))
  after.place(join(DIRECTORY, 'ffffffffffffffff.seg'), Buffer.from('mine'))
  expect((await recovered(after))!.lastNumber).toBe(2)
  const names = await after.list(DIRECTORY)
  for (const name of ['notes.tmp', 'more.tmp', 'ffffffffffffffff.seg'])
    expect(names).toContain(name)
})

test('an old segment that was copied under a newer name does not bring the old state back', async () => {
  const { disk, recovered } = await written()
  const after = disk.crash('kill')
  const oldest = after.contentOf(join(DIRECTORY, '0000000000000001.seg'))
  after.place(join(DIRECTORY, '0000000000000009.seg'), oldest)
  const found = await recovered(after)
  expect(found!.segments.map((segment) => segment.number)).toStrictEqual([1, 2])
  expect(found!.lastNumber).toBe(9)
})
