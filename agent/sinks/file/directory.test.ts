import { describe, expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/disk.ts'
import { systemError } from '../../../test/sim/disk-faults.ts'
import { SeededRandom } from '../../../test/sim/random.ts'
import { makeDurableDirectory } from './directory.ts'

function newDisk(): SimDisk {
  return new SimDisk({ random: new SeededRandom(1), latency: 'none' })
}

describe('making a directory durably', () => {
  test('it is there after a power loss, with its parents', async () => {
    const disk = newDisk()
    await makeDurableDirectory(disk, '/a/b/c')
    expect(await disk.crash('power', { names: 'none' }).list('/a/b')).toEqual(['c'])
  })

  test('one that a killed process made and did not sync is synced', async () => {
    const disk = newDisk()
    await disk.makeDirectory('/a/b/c')
    const next = disk.crash('kill')
    await makeDurableDirectory(next, '/a/b/c')
    expect(await next.crash('power', { names: 'none' }).list('/a/b')).toEqual(['c'])
  })

  test('a parent that may not be opened is left alone; the directory itself is not', async () => {
    const disk = newDisk()
    const forbidden = (path: string): SimDisk =>
      Object.assign(Object.create(disk) as SimDisk, {
        makeDirectory: (at: string) => disk.makeDirectory(at),
        syncDirectory: (at: string) =>
          at === path
            ? Promise.reject(Object.assign(systemError('EIO', 'open', at), { code: 'EACCES' }))
            : disk.syncDirectory(at),
      })
    await makeDurableDirectory(forbidden('/a'), '/a/b')
    await expect(makeDurableDirectory(forbidden('/a/b'), '/a/b')).rejects.toThrow()
  })
})
