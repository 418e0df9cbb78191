import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DIRECTORY, bodies, logFixture } from '../../../test/sim/log-fixture.ts'
import { openWith } from './channel.ts'
import { dumpChannel, verifyChannel } from './inspect.ts'

const never = new AbortController().signal

/** A closed channel of 30 events over several small segments. */
async function written() {
  const fixture = await logFixture()
  const channel = await openWith(fixture.options, fixture.context)
  for (let n = 0; n < 30; n++) {
    const batch = bodies([`event ${n} ${'x'.repeat(600)}`])
    await channel.append(batch, await channel.reserve({ events: 1, bytes: 700 }, never)).safe
  }
  await channel.close()
  return fixture
}

test('a sound channel verifies, and verifying changes nothing', async () => {
  const { disk } = await written()
  const calls = { ...disk.counts }
  const report = await verifyChannel(disk, DIRECTORY)
  expect(report).toMatchObject({
    ok: true,
    events: 30,
    backlogEvents: 30,
    lostEvents: 0,
    tornBytes: 0,
  })
  expect(report!.segments.length).toBeGreaterThan(2)
  for (const kind of ['write', 'create', 'rename', 'remove', 'truncate', 'datasync'] as const)
    expect(disk.counts[kind]).toBe(calls[kind])
})

test('a directory without segments holds no channel', async () => {
  const { disk } = await logFixture()
  expect(await verifyChannel(disk, DIRECTORY)).toBeUndefined()
})

test('an unfinished end is no damage, and what stands behind the end does not count at all', async () => {
  const { disk } = await written()
  const newest = disk.paths().findLast((path) => path.endsWith('.seg'))!
  const content = disk.contentOf(newest)
  disk.place(newest, Buffer.concat([content, Buffer.alloc(100, 1)]))
  expect(await verifyChannel(disk, DIRECTORY)).toMatchObject({ ok: true, tornBytes: 0 })
  disk.place(newest, content.subarray(0, content.length - 100))
  const report = await verifyChannel(disk, DIRECTORY)
  expect(report).toMatchObject({ ok: true, backlogEvents: 29 })
  expect(report!.tornBytes).toBeGreaterThan(500)
})

test('each damaged record is named with its place and what it cost', async () => {
  const { disk } = await written()
  const path = join(DIRECTORY, '0000000000000001.seg')
  const content = disk.contentOf(path)
  disk.corrupt(path, content.indexOf('event 1 '), 1)
  disk.corrupt(path, content.indexOf('event 4 ') - 40, 1)
  const report = await verifyChannel(disk, DIRECTORY)
  expect(report).toMatchObject({ ok: false, lostEvents: 2, backlogEvents: 28 })
  expect(report!.corruptRecords.map((each) => each.eventsLost)).toStrictEqual([1, 1])
})

test('a missing segment with events in the backlog is damage', async () => {
  const { disk } = await written()
  await disk.remove(join(DIRECTORY, '0000000000000002.seg'))
  const report = await verifyChannel(disk, DIRECTORY)
  expect(report!.ok).toBe(false)
  expect(report!.corruptRecords[0]).toMatchObject({ reason: 'the segment is missing' })
})

test('a dump goes on behind damage', async () => {
  const { disk } = await written()
  const path = join(DIRECTORY, '0000000000000001.seg')
  disk.corrupt(path, disk.contentOf(path).indexOf('event 1 '), 1)
  const types: string[] = []
  for await (const line of dumpChannel(disk, DIRECTORY)) types.push(line.type)
  expect(types.filter((type) => type === 'DAMAGE')).toHaveLength(1)
  expect(types.filter((type) => type === 'BATCH')).toHaveLength(29)
})
