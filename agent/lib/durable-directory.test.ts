import { expect, it } from 'vitest'
import { SimDisk } from '../../test/sim/disk.ts'
import { SeededRandom } from '../../test/sim/random.ts'
import { makeDurableDirectory } from './durable-directory.ts'

const diskOf = () => new SimDisk({ random: new SeededRandom(1), latency: 'none' })

it('makes a directory that is there after a power loss', async () => {
  const disk = diskOf()
  await makeDurableDirectory(disk, '/a/b/c')
  const after = disk.crash('power', { data: 'none', names: 'none' })
  expect(await after.list('/a/b')).toEqual(['c'])
})

it('makes parents durable that another process made and did not sync', async () => {
  const disk = diskOf()
  await disk.makeDirectory('/a/b/c')
  await makeDurableDirectory(disk, '/a/b/c')
  expect(await disk.crash('power', { names: 'none' }).list('/a/b')).toEqual(['c'])
})

it('reports a directory that cannot be synced', async () => {
  const disk = diskOf()
  disk.faults.arm({ kinds: ['syncDirectory'], path: '/a', nth: 2, code: 'EIO' })
  await expect(makeDurableDirectory(disk, '/a/b')).rejects.toMatchObject({ code: 'EIO' })
})
