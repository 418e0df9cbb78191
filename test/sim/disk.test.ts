import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { nodeDisk } from '../../agent/lib/disk.ts'
import type { DiskFile } from '../../agent/lib/disk.ts'
import { diskSuite } from './disk-suite.ts'
import { SimDisk } from './disk.ts'
import { SeededRandom } from './random.ts'

describe('the real disk', () => {
  const made: string[] = []
  afterEach(async () => {
    for (const directory of made.splice(0)) await rm(directory, { recursive: true })
  })
  diskSuite(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'flume-disk-'))
    made.push(directory)
    return { disk: nodeDisk, directory }
  })
})

describe('the simulated disk', () => {
  diskSuite(async () => {
    const disk = new SimDisk({ random: new SeededRandom(1) })
    await disk.makeDirectory('/d')
    return { disk, directory: '/d' }
  })
})

const random = (): SeededRandom => new SeededRandom(7)

async function diskWithFile(
  durable: string,
  options: { capacityBytes?: number } = {},
): Promise<{ disk: SimDisk; file: DiskFile }> {
  const disk = new SimDisk({ random: random(), latency: 'none', ...options })
  disk.place('/d/a', Buffer.from(durable))
  return { disk, file: await disk.open('/d/a', 'write') }
}

describe('a crash of the simulated disk', () => {
  test('SIGKILL keeps what was written, a later power loss takes what was not synced', async () => {
    const { disk, file } = await diskWithFile('old')
    await file.write([Buffer.from('new!')], 0)
    const killed = disk.crash('kill')
    expect(killed.contentOf('/d/a').toString()).toBe('new!')
    const off = killed.crash('power', { data: 'none' })
    expect(off.contentOf('/d/a').toString()).toBe('old')
  })

  test('synced data survives every power loss', async () => {
    const { disk, file } = await diskWithFile('old')
    await file.write([Buffer.from('synced')], 0)
    await file.datasync()
    for (let i = 0; i < 50; i++) {
      expect(disk.image('power').contentOf('/d/a').toString()).toBe('synced')
    }
  })

  test('unsynced blocks survive one by one, out of order', async () => {
    const { disk, file } = await diskWithFile('')
    await file.write([Buffer.alloc(3 * 4096, 'x')], 0)
    const seen = new Set<string>()
    for (let i = 0; i < 400; i++) {
      const content = disk.image('power', { data: 'blocks' }).contentOf('/d/a')
      if (content.length < 3 * 4096) continue
      seen.add([0, 4096, 8192].map((at) => (content[at] === 0 ? '0' : '1')).join(''))
    }
    expect([...seen].sort()).toEqual(['000', '001', '010', '011', '100', '101', '110', '111'])
  })

  test('a new name may be lost until its directory is synced, its data notwithstanding', async () => {
    const { disk } = await diskWithFile('')
    const file = await disk.open('/d/b', 'create')
    await file.write([Buffer.from('data')], 0)
    await file.datasync()
    expect(disk.image('power', { names: 'none' }).paths()).toEqual(['/d/a'])
    expect(disk.image('power', { names: 'all' }).contentOf('/d/b').toString()).toBe('data')
    await disk.syncDirectory('/d')
    expect(disk.image('power', { names: 'none' }).paths()).toEqual(['/d/a', '/d/b'])
  })

  test('an unsynced rename did not happen, happened, or left both names', async () => {
    const { disk } = await diskWithFile('kept')
    await disk.rename('/d/a', '/d/b')
    const seen = new Set<string>()
    for (let i = 0; i < 100; i++) {
      seen.add(disk.image('power', { names: 'subset' }).paths().join())
    }
    expect([...seen].sort()).toEqual(['/d/a', '/d/a,/d/b', '/d/b'])
  })

  test('a removed file may come back', async () => {
    const { disk } = await diskWithFile('back')
    await disk.remove('/d/a')
    expect(disk.image('power', { names: 'none' }).contentOf('/d/a').toString()).toBe('back')
    expect(disk.image('power', { names: 'all' }).paths()).toEqual([])
  })

  test('calls of the dead process never settle and locks are free', async () => {
    const { disk, file } = await diskWithFile('x')
    expect(await disk.lock('/d/LOCK')).toBeDefined()
    const after = disk.crash('kill')
    let settled = false
    void file.write([Buffer.from('y')], 0).then(() => (settled = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(settled).toBe(false)
    expect(await after.lock('/d/LOCK')).toBeDefined()
    expect(after.contentOf('/d/a').toString()).toBe('x')
  })

  test('a write in flight may have taken a part of its effect', async () => {
    const lengths = new Set<number>()
    for (let seed = 0; seed < 60; seed++) {
      const disk = new SimDisk({ random: new SeededRandom(seed) })
      disk.place('/d/a', Buffer.alloc(0))
      const file = await disk.open('/d/a', 'write')
      void file.write([Buffer.alloc(10, 1)], 0)
      lengths.add(disk.crash('kill').contentOf('/d/a').length)
    }
    expect(lengths.size).toBeGreaterThan(5)
  })
})

describe('a fault of the simulated disk', () => {
  test('the n-th call fails, once or from then on', async () => {
    const { disk, file } = await diskWithFile('')
    disk.faults.arm({ kinds: ['write'], nth: 2, code: 'EIO' })
    await file.write([Buffer.from('a')], 0)
    await expect(file.write([Buffer.from('b')], 1)).rejects.toMatchObject({ code: 'EIO' })
    await file.write([Buffer.from('c')], 1)
    disk.faults.arm({ kinds: ['write'], code: 'EDQUOT', persistent: true })
    await expect(file.write([Buffer.from('b')], 1)).rejects.toMatchObject({ code: 'EDQUOT' })
    await expect(file.write([Buffer.from('b')], 1)).rejects.toMatchObject({ code: 'EDQUOT' })
    disk.faults.clear()
    await file.write([Buffer.from('b')], 1)
    expect(Object.fromEntries(disk.faults.fired)).toEqual({ 'write EIO': 1, 'write EDQUOT': 2 })
  })

  test('a short write resolves with fewer bytes, and the next one fails', async () => {
    const { disk, file } = await diskWithFile('')
    disk.faults.arm({ kinds: ['write'], code: 'ENOSPC', shortTo: 0.5 })
    expect(await file.write([Buffer.from('abcd')], 0)).toBe(2)
    await expect(file.write([Buffer.from('cd')], 2)).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(disk.contentOf('/d/a').toString()).toBe('ab')
  })

  test('after a sync that failed and dropped, the next sync succeeds and the data is lost', async () => {
    const { disk, file } = await diskWithFile('old')
    let lost = 0
    for (let i = 0; i < 40; i++) {
      await file.write([Buffer.from('new')], 0)
      disk.faults.arm({ kinds: ['datasync'], code: 'EIO', data: 'dropped' })
      await expect(file.datasync()).rejects.toMatchObject({ code: 'EIO' })
      await file.datasync()
      if (disk.image('power').contentOf('/d/a').toString() === 'old') lost++
    }
    expect(lost).toBeGreaterThan(0)
  })

  test('after a sync that failed and kept, the next sync saves the data', async () => {
    const { disk, file } = await diskWithFile('old')
    await file.write([Buffer.from('new')], 0)
    disk.faults.arm({ kinds: ['datasync'], code: 'EIO', data: 'kept' })
    await expect(file.datasync()).rejects.toMatchObject({ code: 'EIO' })
    await file.datasync()
    expect(disk.image('power').contentOf('/d/a').toString()).toBe('new')
  })

  test('a full disk writes short, then fails, and goes on when there is room', async () => {
    const { disk, file } = await diskWithFile('', { capacityBytes: 3 * 4096 })
    expect(await file.write([Buffer.alloc(4 * 4096)], 0)).toBe(3 * 4096)
    await expect(file.write([Buffer.alloc(1)], 3 * 4096)).rejects.toMatchObject({ code: 'ENOSPC' })
    await expect(disk.open('/d/b', 'create')).rejects.toMatchObject({ code: 'ENOSPC' })
    // Blocks that are there already can be written again.
    expect(await file.write([Buffer.alloc(4096, 1)], 4096)).toBe(4096)
    disk.capacityBytes += 4096
    expect(await file.write([Buffer.alloc(1)], 3 * 4096)).toBe(1)
    await file.truncate(0)
    expect(disk.usedBytes).toBe(0)
    disk.foreignBytes = disk.capacityBytes
    await expect(file.write([Buffer.alloc(1)], 0)).rejects.toMatchObject({ code: 'ENOSPC' })
  })

  test('a removed file takes room until it is closed', async () => {
    const { disk, file } = await diskWithFile('x')
    await disk.remove('/d/a')
    expect(disk.usedBytes).toBe(4096)
    expect(disk.paths()).toEqual([])
    await file.close()
    expect(disk.usedBytes).toBe(0)
  })

  test('a flipped bit shows to readers and after a power loss', async () => {
    const { disk } = await diskWithFile('abc')
    disk.corrupt('/d/a', 1, 1)
    expect(disk.contentOf('/d/a').toString()).toBe('acc')
    expect(disk.image('power').contentOf('/d/a').toString()).toBe('acc')
  })
})

describe('a seed', () => {
  const run = async (seed: number): Promise<string[]> => {
    const disk = new SimDisk({ random: new SeededRandom(seed) })
    disk.place('/d/a', Buffer.alloc(0))
    const file = await disk.open('/d/a', 'write')
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        await file.write([Buffer.from([i])], i)
        await file.datasync()
      }),
    )
    disk.crash('power')
    return disk.trace
  }

  test('repeats a run call by call', async () => {
    expect(await run(3)).toEqual(await run(3))
  })

  test('changes the order in which calls end', async () => {
    expect(await run(3)).not.toEqual(await run(4))
  })
})
