import { describe, expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/disk.ts'
import { SeededRandom } from '../../../test/sim/random.ts'
import { OutputFile } from './output-file.ts'

const PATH = '/a.log'

async function newFile(): Promise<{ readonly disk: SimDisk; readonly file: OutputFile }> {
  const disk = new SimDisk({ random: new SeededRandom(1), latency: 'none' })
  return { disk, file: new OutputFile(PATH, 1, await disk.open(PATH, 'create')) }
}

describe('a file of the sink', () => {
  test('what was appended survives a power loss', async () => {
    const { disk, file } = await newFile()
    await disk.syncDirectory('/')
    await file.append([Buffer.from('a\n'), Buffer.from('b\n')], 4)
    await file.append([Buffer.from('c\n')], 2)
    expect(file.length).toBe(6)
    const image = disk.crash('power', { data: 'none', names: 'none' })
    expect(image.contentOf(PATH).toString()).toBe('a\nb\nc\n')
  })

  test('a short write is a failed write, even when no error follows', async () => {
    const { disk, file } = await newFile()
    disk.faults.arm({ kinds: ['write'], code: 'ENOSPC', shortTo: 0.5, shortOnly: true })
    await expect(file.append([Buffer.from('abcd')], 4)).rejects.toThrow(/only 2 of 4 bytes/)
    expect(disk.counts.datasync).toBe(0)
    expect(file.length).toBe(0)
  })

  test('a failed sync does not count as written', async () => {
    const { disk, file } = await newFile()
    disk.faults.arm({ kinds: ['datasync'], code: 'EIO', data: 'dropped' })
    await expect(file.append([Buffer.from('abcd')], 4)).rejects.toThrow(/EIO/)
    expect(file.length).toBe(0)
    await file.close()
  })
})
