import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/clock.ts'
import { SimDisk } from '../../../test/sim/disk.ts'
import { SeededRandom } from '../../../test/sim/random.ts'
import type { Logger } from '../../core/logger.ts'
import { Output } from './output.ts'

function newOutput() {
  const disk = new SimDisk({ random: new SeededRandom(1), latency: 'none' })
  disk.place('/out/other', Buffer.from('x'))
  const errors: string[] = []
  const log: Logger = {
    debug() {},
    info() {},
    warn() {},
    error: (_fields, message) => void errors.push(message),
    child: () => log,
  }
  const output = new Output({
    directory: '/out',
    series: 's-',
    suffix: '',
    rollIntervalMs: 0,
    disk,
    clock: new ManualClock(),
    log,
    onRollDue() {},
  })
  return { disk, errors, output }
}

const line = Buffer.from('line\n')

describe('files of one series', () => {
  test('an append says where it began, over files', async () => {
    const { output } = newOutput()
    expect(await output.append([line], 5)).toEqual({ number: 1, length: 0 })
    expect(await output.append([line], 5)).toEqual({ number: 1, length: 5 })
    await output.closeFile()
    expect(await output.append([line], 5)).toEqual({ number: 2, length: 0 })
    await output.closeFile()
    expect(output.status()).toMatchObject({ file: null, filesTotal: 2, bytesTotal: 15 })
  })

  test('the name of a new file is durable before an append resolves', async () => {
    const { disk, output } = newOutput()
    await output.append([line], 5)
    const image = disk.crash('power', { data: 'none', names: 'none' })
    expect(image.contentOf('/out/s-000001').toString()).toBe('line\n')
  })

  test('a name that is taken is left alone and the next one is used', async () => {
    const { disk, output } = newOutput()
    disk.place('/out/s-000001', Buffer.from('of someone else\n'))
    await expect(output.append([line], 5)).rejects.toThrow(/EEXIST/)
    expect(await output.append([line], 5)).toEqual({ number: 2, length: 0 })
    expect(disk.contentOf('/out/s-000001').toString()).toBe('of someone else\n')
  })

  test('a file whose end never goes away is sealed after five attempts, and writing goes on', async () => {
    const { disk, output, errors } = newOutput()
    await output.append([line], 5)
    disk.faults.arm({ kinds: ['datasync'], code: 'EIO' })
    disk.faults.arm({ kinds: ['truncate'], code: 'EIO', persistent: true })
    await expect(output.append([line], 5)).rejects.toMatchObject({ outcome: 'unknown' })
    for (let attempt = 2; attempt < 5; attempt++) {
      await expect(output.append([line], 5)).rejects.toMatchObject({ outcome: 'none' })
      expect(errors).toEqual([])
    }
    expect(await output.append([line], 5)).toEqual({ number: 2, length: 0 })
    expect(output.status()).toMatchObject({ sealedFilesTotal: 1 })
    expect(errors).toEqual([expect.stringMatching(/is left as it is/)])
  })

  test('a file that was moved away while in use: the outcome is unknown, writing goes on', async () => {
    const { disk, output } = newOutput()
    await output.append([line], 5)
    await disk.rename('/out/s-000001', '/out/taken')
    disk.faults.arm({ kinds: ['write'], code: 'EIO' })
    await expect(output.append([line], 5)).rejects.toMatchObject({ outcome: 'unknown' })
    expect(await output.append([line], 5)).toEqual({ number: 2, length: 0 })
  })

  test('a file that was truncated from outside is reported and not written again', async () => {
    const { disk, output, errors } = newOutput()
    await output.append([line], 5)
    await (await disk.open('/out/s-000001', 'write')).truncate(2)
    disk.faults.arm({ kinds: ['write'], code: 'EIO' })
    await expect(output.append([line], 5)).rejects.toMatchObject({ outcome: 'none' })
    expect(errors).toEqual([expect.stringMatching(/^A file is shorter/)])
    expect(await output.append([line], 5)).toEqual({ number: 2, length: 0 })
    expect(disk.contentOf('/out/s-000001').length).toBe(2)
  })
})
