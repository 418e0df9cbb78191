import { expect, test } from 'vitest'
import { SimDisk } from '../../test/sim/disk.ts'
import { SeededRandom } from '../../test/sim/random.ts'
import { findChannels, removeChannel } from './channel-directories.ts'
import { CHANNEL_RECORD, keepChannelRecord } from './channel-record.ts'

const random = new SeededRandom(1)

async function withChannels(...names: readonly string[]): Promise<SimDisk> {
  const disk = new SimDisk({ random, latency: 'none' })
  for (const name of names)
    await keepChannelRecord(disk, `/a/f/${name}`, { name, type: 'file', config: {} })
  return disk
}

test('all channels on disk are found, and nothing else', async () => {
  const disk = await withChannels('c', 'd')
  await disk.makeDirectory('/a/f/no-channel')
  await disk.makeDirectory('/a/lost+found')
  await (await disk.open('/a/crashes.json', 'create')).close()
  const found = await findChannels(disk, '/a')
  expect(found.map(({ flow, channel }) => `${flow}/${channel}`)).toEqual(['f/c', 'f/d'])
  expect(await findChannels(disk, '/nowhere')).toEqual([])
})

test('a record that cannot be read is a channel all the same', async () => {
  const disk = await withChannels('c')
  const file = await disk.open(`/a/f/c/${CHANNEL_RECORD}`, 'write')
  await file.truncate(3)
  await file.close()
  expect(await findChannels(disk, '/a')).toMatchObject([{ channel: 'c' }])
})

test('a removed channel is gone with all in it', async () => {
  const disk = await withChannels('c', 'd')
  await disk.makeDirectory('/a/f/c/quarantine')
  await (await disk.open('/a/f/c/quarantine/x', 'create')).close()
  await removeChannel(disk, '/a/f/c', random)
  expect(await disk.list('/a/f')).toEqual(['d'])
})

test('a removal that was interrupted is ended at the next start', async () => {
  const disk = await withChannels('c')
  disk.faults.arm({ kinds: ['remove'], nth: 1, code: 'EIO' })
  await expect(removeChannel(disk, '/a/f/c', random)).rejects.toMatchObject({ code: 'EIO' })
  expect(await findChannels(disk, '/a')).toEqual([])
  expect(await disk.list('/a/f')).toEqual([])
})
