import { expect, test } from 'vitest'
import type { Disk } from '../../agent/lib/disk.ts'

/** What every Disk does, the real one and the simulated one. */
export function diskSuite(make: () => Promise<{ disk: Disk; directory: string }>): void {
  const text = async (disk: Disk, path: string): Promise<string> => {
    const file = await disk.open(path, 'read')
    const buffer = Buffer.alloc(100_000)
    const length = await file.read(buffer, 0)
    await file.close()
    return buffer.toString('latin1', 0, length)
  }

  test('a created file has what was written, across buffers and blocks', async () => {
    const { disk, directory } = await make()
    const file = await disk.open(`${directory}/a`, 'create')
    const long = 'x'.repeat(10_000)
    expect(await file.write([Buffer.from('one'), Buffer.from(long), Buffer.from('two')], 0)).toBe(
      10_006,
    )
    expect(await file.size()).toBe(10_006)
    expect(await file.write([Buffer.from('ONE')], 0)).toBe(3)
    await file.datasync()
    await file.close()
    expect(await text(disk, `${directory}/a`)).toBe(`ONE${long}two`)
    expect(await disk.size(`${directory}/a`)).toBe(10_006)
  })

  test('reading ends at the end of the file', async () => {
    const { disk, directory } = await make()
    const file = await disk.open(`${directory}/a`, 'create')
    await file.write([Buffer.from('abcdef')], 0)
    const buffer = Buffer.alloc(10)
    expect(await file.read(buffer, 4)).toBe(2)
    expect(buffer.toString('latin1', 0, 2)).toBe('ef')
    expect(await file.read(buffer, 6)).toBe(0)
    expect(await file.read(buffer, 600)).toBe(0)
    await file.close()
  })

  test('a write beyond the end leaves zeros between', async () => {
    const { disk, directory } = await make()
    const file = await disk.open(`${directory}/a`, 'create')
    await file.write([Buffer.from('end')], 9000)
    expect(await file.size()).toBe(9003)
    await file.close()
    expect(await text(disk, `${directory}/a`)).toBe(`${'\0'.repeat(9000)}end`)
  })

  test('truncate cuts, and a file that grows again has zeros', async () => {
    const { disk, directory } = await make()
    const file = await disk.open(`${directory}/a`, 'create')
    await file.write([Buffer.from('abcdef')], 0)
    await file.truncate(2)
    expect(await file.size()).toBe(2)
    await file.truncate(4)
    await file.close()
    expect(await text(disk, `${directory}/a`)).toBe('ab\0\0')
  })

  test('create refuses a file that is there, open one that is not', async () => {
    const { disk, directory } = await make()
    await (await disk.open(`${directory}/a`, 'create')).close()
    await expect(disk.open(`${directory}/a`, 'create')).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(disk.open(`${directory}/b`, 'read')).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(disk.open(`${directory}/b`, 'write')).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(disk.open(`${directory}/no/b`, 'create')).rejects.toMatchObject({
      code: 'ENOENT',
    })
  })

  test('a file opened for reading cannot be written', async () => {
    const { disk, directory } = await make()
    await (await disk.open(`${directory}/a`, 'create')).close()
    const file = await disk.open(`${directory}/a`, 'read')
    await expect(file.write([Buffer.from('x')], 0)).rejects.toMatchObject({ code: 'EBADF' })
    await expect(file.truncate(0)).rejects.toMatchObject({ code: 'EINVAL' })
    await file.close()
  })

  test('names are listed in order and follow rename and remove', async () => {
    const { disk, directory } = await make()
    for (const name of ['c', 'a', 'b'])
      await (await disk.open(`${directory}/${name}`, 'create')).close()
    expect(await disk.list(directory)).toEqual(['a', 'b', 'c'])
    await disk.rename(`${directory}/c`, `${directory}/d`)
    await disk.remove(`${directory}/a`)
    await disk.remove(`${directory}/never`)
    await disk.syncDirectory(directory)
    expect(await disk.list(directory)).toEqual(['b', 'd'])
    expect(await disk.size(`${directory}/a`)).toBeUndefined()
    await expect(disk.rename(`${directory}/a`, `${directory}/e`)).rejects.toMatchObject({
      code: 'ENOENT',
    })
    await expect(disk.list(`${directory}/none`)).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(disk.syncDirectory(`${directory}/none`)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('rename replaces, and an open file keeps its content', async () => {
    const { disk, directory } = await make()
    const old = await disk.open(`${directory}/a`, 'create')
    await old.write([Buffer.from('old')], 0)
    const fresh = await disk.open(`${directory}/b`, 'create')
    await fresh.write([Buffer.from('new')], 0)
    await disk.rename(`${directory}/b`, `${directory}/a`)
    expect(await text(disk, `${directory}/a`)).toBe('new')
    const buffer = Buffer.alloc(3)
    expect(await old.read(buffer, 0)).toBe(3)
    expect(buffer.toString()).toBe('old')
    await old.close()
    await fresh.close()
    await fresh.close()
  })

  test('an empty directory is removed, one with files is not', async () => {
    const { disk, directory } = await make()
    await disk.makeDirectory(`${directory}/x`)
    await (await disk.open(`${directory}/x/a`, 'create')).close()
    await expect(disk.remove(`${directory}/x`)).rejects.toMatchObject({ code: 'ENOTEMPTY' })
    await disk.remove(`${directory}/x/a`)
    await disk.remove(`${directory}/x`)
    expect(await disk.list(directory)).toEqual([])
  })

  test('directories are made with their parents, and twice', async () => {
    const { disk, directory } = await make()
    await disk.makeDirectory(`${directory}/x/y/z`)
    await disk.makeDirectory(`${directory}/x/y/z`)
    expect(await disk.list(`${directory}/x/y`)).toEqual(['z'])
    await disk.syncDirectory(`${directory}/x`)
  })

  test('a lock is held by one until it is released', async () => {
    const { disk, directory } = await make()
    const first = await disk.lock(`${directory}/deep/LOCK`)
    expect(first).toBeDefined()
    expect(await disk.lock(`${directory}/deep/LOCK`)).toBeUndefined()
    const other = await disk.lock(`${directory}/deep/OTHER`)
    expect(other).toBeDefined()
    first!.release()
    const second = await disk.lock(`${directory}/deep/LOCK`)
    expect(second).toBeDefined()
    second!.release()
    other!.release()
  })
}
