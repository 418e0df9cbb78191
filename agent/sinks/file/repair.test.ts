import { describe, expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/disk.ts'
import { systemError } from '../../../test/sim/disk-faults.ts'
import { SeededRandom } from '../../../test/sim/random.ts'
import type { Logger } from '../../core/logger.ts'
import { cutBack, isTransient, repair } from './repair.ts'

const cursor = { directory: '/out', series: 's-', suffix: '.log', number: 2, length: 4 }

function newContext(files: Readonly<Record<string, string>>) {
  const disk = new SimDisk({ random: new SeededRandom(1), latency: 'none' })
  for (const [name, text] of Object.entries(files)) disk.place(`/out/${name}`, Buffer.from(text))
  const lines: string[] = []
  const add =
    (level: string) =>
    (_fields: object, message: string): void =>
      void lines.push(`${level}: ${message}`)
  const log: Logger = {
    debug: add('debug'),
    info: add('info'),
    warn: add('warn'),
    error: add('error'),
    child: () => log,
  }
  const content = (): Record<string, string> =>
    Object.fromEntries(
      disk.paths().map((path) => [path.slice('/out/'.length), disk.contentOf(path).toString()]),
    )
  return { disk, log, lines, content }
}

describe('repair of the files at start', () => {
  test('cuts the file of the cursor, removes those behind it, leaves all others', async () => {
    const others = { 's-000001.log': 'old\n', 'other-000003.log': 'x\n', 's-000003.log.gz': 'y' }
    const context = newContext({ ...others, 's-000002.log': 'ab\nand more', 's-000003.log': 'z\n' })
    expect(await repair(context, cursor)).toBe(0)
    expect(context.content()).toEqual({ ...others, 's-000002.log': 'ab\na' })
  })

  test('is durable and may be repeated', async () => {
    const context = newContext({ 's-000002.log': 'ab\nand more' })
    await repair(context, cursor)
    const disk = context.disk.crash('power', { data: 'none', names: 'none' })
    expect(disk.contentOf('/out/s-000002.log').toString()).toBe('ab\na')
    expect(await repair({ ...context, disk }, cursor)).toBe(0)
  })

  test('a file that was moved away is no error', async () => {
    const context = newContext({ 's-000001.log': 'old\n' })
    expect(await repair(context, cursor)).toBe(0)
    expect(context.lines).toEqual([expect.stringMatching(/^warn: The last file was moved/)])
  })

  test('a directory that was moved away is no error', async () => {
    const context = newContext({})
    expect(await repair(context, { ...cursor, directory: '/gone' })).toBe(0)
  })

  test('a file that is shorter than acknowledged is reported and not grown with zeros', async () => {
    const context = newContext({ 's-000002.log': 'ab\n' })
    expect(await repair(context, cursor)).toBe(0)
    expect(context.content()).toEqual({ 's-000002.log': 'ab\n' })
    expect(context.lines).toEqual([expect.stringMatching(/^error: A file is shorter/)])
  })

  test('an I/O error is for a later attempt', async () => {
    const context = newContext({ 's-000002.log': 'ab\nand more' })
    context.disk.faults.arm({ kinds: ['truncate'], code: 'EIO' })
    await expect(repair(context, cursor)).rejects.toThrow(/EIO/)
    expect(await repair(context, cursor)).toBe(0)
    expect(context.content()).toEqual({ 's-000002.log': 'ab\na' })
  })

  test('a file that may not be changed is sealed and reported', async () => {
    const context = newContext({ 's-000002.log': 'ab\nand more' })
    const denied = Object.assign(systemError('EIO', 'open', ''), { code: 'EACCES' })
    const disk = Object.assign(Object.create(context.disk) as SimDisk, {
      list: (path: string) => context.disk.list(path),
      size: (path: string) => context.disk.size(path),
      open: () => Promise.reject(denied),
    })
    expect(await repair({ disk, log: context.log }, cursor)).toBe(1)
    expect(context.lines).toEqual([expect.stringMatching(/^error: .*is left as it is/)])
  })
})

describe('cutting a file back', () => {
  test('to nothing removes it; were the name to come back, it has no event', async () => {
    const { disk } = newContext({ a: 'ab\n' })
    expect(await cutBack(disk, '/out/a', 0)).toBe('cut')
    expect(disk.paths()).toEqual([])
    const image = disk.crash('power', { data: 'none', names: 'none' })
    expect(image.contentOf('/out/a').length).toBe(0)
  })

  test('what is not there is missing', async () => {
    expect(await cutBack(newContext({}).disk, '/a', 1)).toBe('missing')
  })

  test('permissions do not pass, a full disk does', () => {
    expect(isTransient(Object.assign(new Error(), { code: 'EPERM' }))).toBe(false)
    expect(isTransient(systemError('ENOSPC', 'write', ''))).toBe(true)
  })
})
