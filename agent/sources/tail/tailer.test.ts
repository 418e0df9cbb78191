import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bodyAt, headersAt } from '../../core/batch.ts'
import type { Batch, Position } from '../../core/batch.ts'
import type { Logger } from '../../core/logger.ts'
import { systemRandom } from '../../lib/random.ts'
import { tailSourceSchema } from './config.ts'
import { Tailer } from './tailer.ts'

/**
 * Real files under a temporary directory, the real steps of the source, and a channel in miniature:
 * it keeps positions with each batch and leaves out what it already has, as the contract says.
 */
class Rig {
  readonly directory = fs.mkdtempSync(join(tmpdir(), 'tail-'))
  delivered: string[] = []
  headers: Record<string, string>[] = []
  batches: Batch[] = []
  dropped = 0
  warnings: string[] = []
  positions = new Map<string, Position>()
  /** How many more batches with events the channel takes before the crash; later ones are lost. */
  acceptsLeft = Infinity
  monotonicMs = 1000
  #tailer: Tailer | undefined
  #config: Record<string, unknown> = {}

  path(name: string): string {
    return join(this.directory, name)
  }

  write(name: string, text: string | Buffer): void {
    fs.mkdirSync(dirname(this.path(name)), { recursive: true })
    fs.appendFileSync(this.path(name), text)
  }

  eventBytesMax = 2 ** 24

  start(config: Record<string, unknown> = {}): Tailer {
    this.#config = config
    const log: Logger = {
      debug: () => {},
      info: () => {},
      warn: (_, message) => this.warnings.push(message),
      error: (_, message) => this.warnings.push(message),
      child: () => log,
    }
    this.#tailer = new Tailer(tailSourceSchema.parse({ files: [this.path('*')], ...config }), {
      name: 'in',
      clock: {
        now: () => Date.now(),
        monotonic: () => this.monotonicMs,
        schedule: () => {
          throw new Error('the steps of the source do not wait')
        },
      },
      random: systemRandom,
      log,
      positions: () => new Map(this.positions),
      dropped: (events) => (this.dropped += events),
      eventBytesMax: this.eventBytesMax,
      emit: (batch) => this.#append(batch),
    })
    return this.#tailer
  }

  #append(batch: Batch): void {
    if (batch.count > 0 && --this.acceptsLeft < 0) return
    if (this.acceptsLeft < 0) return
    const { stream, to, memo, offsets, routing } = batch.origin!
    expect(Buffer.byteLength(memo)).toBeLessThanOrEqual(1024)
    const known = this.positions.get(stream)
    // As channels do: a batch in which nothing is new changes nothing, its memo included.
    if (known !== undefined && to <= known.offset) return
    for (let i = 0; i < batch.count; i++) {
      if (known !== undefined && offsets[i]! <= known.offset) continue
      this.delivered.push(bodyAt(batch, i).toString('utf8'))
      this.headers.push(headersAt(batch, i))
    }
    this.batches.push(batch)
    this.positions.set(stream, { offset: to, memo, routing })
  }

  /** One scan, then everything that can be read. */
  async scan(): Promise<void> {
    await this.#tailer!.scan()
    await this.read()
  }

  /** A look at the files that grew lately, then a single read. */
  async poll(): Promise<void> {
    this.#tailer!.poll()
    await this.#tailer!.step()
  }

  async read(): Promise<void> {
    while (await this.#tailer!.step());
  }

  /** Scans until a truncated file was looked for in copies. */
  async settle(): Promise<void> {
    for (let i = 0; i < 3; i++) await this.scan()
  }

  /** Time passes: long enough for rotated files to count as complete. */
  async quiet(ms = 20_000): Promise<void> {
    this.monotonicMs += ms
    await this.settle()
  }

  stop(): void {
    this.#tailer?.close()
    this.#tailer = undefined
  }

  /** SIGKILL and start: what is left are the files and what the channel has. */
  async restart(): Promise<void> {
    this.stop()
    this.acceptsLeft = Infinity
    this.start(this.#config)
    await this.settle()
  }

  /** What was delivered since the last call. */
  take(): string[] {
    return this.delivered.splice(0)
  }

  status(): Record<string, unknown> {
    return this.#tailer!.status()
  }

  remove(): void {
    this.stop()
    fs.rmSync(this.directory, { recursive: true })
  }
}

const lines = (from: number, to: number, prefix = 'line'): string[] =>
  Array.from({ length: to - from }, (_, i) => `${prefix} ${String(from + i).padStart(6, '0')}`)
const text = (some: readonly string[]): string => some.map((line) => `${line}\n`).join('')

let rig: Rig
beforeEach(() => {
  rig = new Rig()
})
afterEach(() => rig.remove())

describe('lines', () => {
  test('come out in order, also those that are appended later', async () => {
    rig.write('a.log', 'one\ntwo\n')
    rig.start()
    await rig.scan()
    rig.write('a.log', 'three\n')
    await rig.scan()
    expect(rig.take()).toEqual(['one', 'two', 'three'])
  })

  test('keep a carriage return that is not at their end and lose one that is', async () => {
    rig.write('a.log', 'file1line1\nfile1line2\rfile1line2\nfile1line3\r\nfile1line4\n')
    rig.start()
    await rig.scan()
    expect(rig.take()).toEqual(['file1line1', 'file1line2\rfile1line2', 'file1line3', 'file1line4'])
  })

  test('are views of what was read while none ends in a carriage return', async () => {
    rig.write('a.log', 'one\n\ntwo\n')
    rig.start()
    await rig.scan()
    expect(rig.take()).toEqual(['one', '', 'two'])
    expect(rig.batches[0]!.gap).toBe(1)
    expect(rig.batches[0]!.bodies.toString()).toBe('one\n\ntwo\n')
  })

  test('and characters are not torn at the end of a read', async () => {
    const long = lines(0, 2000, 'zażółć gęślą jaźń €').map((line, i) => line + 'é'.repeat(i % 7))
    rig.write('a.log', long.join('\r\n') + '\r\n')
    rig.start({ readSize: '4Ki' })
    await rig.scan()
    expect(rig.take()).toEqual(long)
    expect(rig.batches.length).toBeGreaterThan(5)
  })

  test('without line feed are held until it comes', async () => {
    rig.write('a.log', 'file1line1\nfile1')
    rig.start()
    await rig.scan()
    expect(rig.take()).toEqual(['file1line1'])
    rig.write('a.log', 'line2\nfile1line3\nfile1line4')
    await rig.scan()
    expect(rig.take()).toEqual(['file1line2', 'file1line3'])
  })

  test('are not split in two when the file is closed as idle before they are complete', async () => {
    rig.write('a.log', 'whole\npart')
    rig.start({ idleClose: '3s' })
    await rig.scan()
    await rig.quiet(60_000)
    expect(rig.status()['openFiles']).toBe(0)
    rig.write('a.log', 'ial\n')
    await rig.scan()
    expect(rig.take()).toEqual(['whole', 'partial'])
  })

  test('have their offset in a header when asked for', async () => {
    rig.write('a.log', 'file1line1\nfile1line2\nfile1line3\n')
    rig.start({ byteOffsetHeader: true, readSize: '4Ki' })
    await rig.scan()
    expect(rig.headers.map((each) => each['byteoffset'])).toEqual(['0', '11', '22'])
  })

  test('appended within the same modification time are noticed', async () => {
    rig.write('a.log', 'one\n')
    const time = new Date(Date.now() - 60_000)
    fs.utimesSync(rig.path('a.log'), time, time)
    rig.start()
    await rig.scan()
    rig.write('a.log', 'two\n')
    fs.utimesSync(rig.path('a.log'), time, time)
    await rig.scan()
    expect(rig.take()).toEqual(['one', 'two'])
  })
})

describe('a line above the maximum', () => {
  const long = 'a'.repeat(40) + 'b'.repeat(40) + 'c'.repeat(7)

  test.for([true, false])('is split, also when its end comes later (%s)', async (later) => {
    rig.start({ maxLineSize: 40 })
    rig.write('a.log', `x\n${long}${later ? '' : '\ny\n'}`)
    await rig.scan()
    if (later) {
      rig.write('a.log', '\ny\n')
      await rig.scan()
    }
    const pieces = [long.slice(0, 40), long.slice(40, 80), long.slice(80)]
    expect(rig.take()).toEqual(['x', ...pieces, 'y'])
    await rig.restart()
    expect(rig.take()).toEqual([])
  })

  test.for(['\n', '\r\n'])(
    'of exactly the maximum is whole, one byte more is split (%j)',
    async (end) => {
      rig.start({ maxLineSize: 40 })
      rig.write('a.log', 'm'.repeat(40))
      await rig.scan()
      rig.write('a.log', end[0]!)
      await rig.scan()
      rig.write('a.log', end.slice(1) + 'n'.repeat(41) + end + 'o'.repeat(80) + end)
      await rig.scan()
      const expected = ['m'.repeat(40), 'n'.repeat(40), 'n', 'o'.repeat(40), 'o'.repeat(40)]
      expect(rig.take()).toEqual(expected)
    },
  )

  test('is not cut inside a character', async () => {
    rig.start({ maxLineSize: 16 })
    rig.write('a.log', 'aaaaaaaaaaaaaaa€b\n')
    await rig.scan()
    expect(rig.take()).toEqual(['aaaaaaaaaaaaaaa', '€b'])
  })

  test('of bytes that are no text is cut at the maximum and not for ever', async () => {
    rig.start({ maxLineSize: 16 })
    rig.write('a.log', Buffer.concat([Buffer.alloc(40, 0x80), Buffer.from('\n')]))
    await rig.scan()
    expect(
      rig.batches.flatMap((batch) =>
        Array.from({ length: batch.count }, (_, i) => bodyAt(batch, i).length),
      ),
    ).toEqual([16, 16, 8])
  })

  test('a line above what the channel takes is cut there, whatever the configuration allows', async () => {
    rig.eventBytesMax = 16
    rig.start({ maxLineSize: '1Mi' })
    rig.write('a.log', `${'w'.repeat(40)}\n`)
    await rig.scan()
    expect(rig.take()).toEqual(['w'.repeat(16), 'w'.repeat(16), 'w'.repeat(8)])
  })

  test.for(['truncate', 'drop'])(
    '%s: what is left out is counted, later lines come',
    async (longLines) => {
      rig.start({ maxLineSize: 40, longLines, readSize: '4Ki' })
      rig.write('a.log', `x\n${long}\ny\n${'z'.repeat(20_000)}`)
      await rig.scan()
      rig.write('a.log', `${'z'.repeat(9000)}\nend\n`)
      await rig.scan()
      const cut = longLines === 'truncate' ? [long.slice(0, 40), 'z'.repeat(40)] : []
      expect(rig.take()).toEqual(['x', ...cut.slice(0, 1), 'y', ...cut.slice(1), 'end'])
      expect(rig.dropped).toBe(longLines === 'drop' ? 2 : 0)
      expect(rig.status()['longLines']).toBe(2)
      await rig.restart()
      expect(rig.take()).toEqual([])
    },
  )

  test('of 20 MB that grows slowly is read whole when it is allowed, in bounded memory else', async () => {
    rig.start({ maxLineSize: '16Mi', readSize: '64Ki' })
    for (let i = 0; i < 20; i++) {
      rig.write('a.log', Buffer.alloc(100_000, 97 + i))
      await rig.scan()
    }
    rig.write('a.log', '\nend\n')
    await rig.scan()
    expect(rig.take().map((line) => line.length)).toEqual([2_000_000, 3])
  })
})

describe('while running', () => {
  test('rename and create, the rotated name matches: no loss, no duplicate', async () => {
    rig.write('app.log', text(lines(0, 10)))
    rig.start()
    await rig.scan()
    fs.renameSync(rig.path('app.log'), rig.path('app.log.1'))
    rig.write('app.log.1', 'to the renamed one\n')
    rig.write('app.log', 'to the new one\n')
    await rig.settle()
    const taken = rig.take()
    expect(taken.slice(0, 10)).toEqual(lines(0, 10))
    expect(taken.slice(10).sort()).toEqual(['to the new one', 'to the renamed one'])
  })

  test('rename and create, the rotated name does not match: the line written to it is read', async () => {
    rig.write('app.log', text(lines(0, 10)))
    rig.start({ files: [rig.path('app.log')] })
    await rig.scan()
    fs.renameSync(rig.path('app.log'), rig.path('app.log.1'))
    rig.write('app.log.1', 'to the renamed one\n')
    rig.write('app.log', 'to the new one\n')
    await rig.settle()
    rig.write('app.log.1', 'its writer was slow\n')
    await rig.settle()
    const taken = rig.take().slice(10).sort()
    expect(taken).toEqual(['its writer was slow', 'to the new one', 'to the renamed one'])
    await rig.quiet()
    expect(rig.status()['files']).toBe(1)
  })

  test('rename out of the pattern while the file is closed as idle: its last line is found', async () => {
    rig.write('app.log', 'one\n')
    rig.start({ files: [rig.path('app.log')], idleClose: '1s' })
    await rig.scan()
    await rig.quiet()
    expect(rig.status()['openFiles']).toBe(0)
    rig.write('app.log', 'two\n')
    fs.renameSync(rig.path('app.log'), rig.path('app.log.1'))
    await rig.scan()
    expect(rig.take()).toEqual(['one', 'two'])
  })

  test('rotation through a chain of names keeps every stream', async () => {
    rig.start()
    const written: string[] = []
    for (let i = 0; i < 8; i++) {
      for (let k = 5; k > 0; k--) {
        const from = rig.path(k === 1 ? 'app.log' : `app.log.${k - 1}`)
        if (fs.existsSync(from)) fs.renameSync(from, rig.path(`app.log.${k}`))
      }
      const some = lines(i * 10, i * 10 + 10)
      written.push(...some)
      rig.write('app.log', text(some))
      await rig.scan()
    }
    await rig.quiet()
    expect(rig.take().sort()).toEqual(written)
  })

  test('copy and truncate, the copy matches: no loss, no duplicate', async () => {
    rig.write('app.log', text(lines(0, 10)))
    rig.start()
    await rig.scan()
    fs.copyFileSync(rig.path('app.log'), rig.path('app.log.1'))
    fs.truncateSync(rig.path('app.log'))
    rig.write('app.log.1', 'to the copy\n')
    rig.write('app.log', 'to the live one\n')
    await rig.settle()
    const taken = rig.take()
    expect(taken.slice(0, 10)).toEqual(lines(0, 10))
    expect(taken.slice(10).sort()).toEqual(['to the copy', 'to the live one'])
    await rig.restart()
    await rig.quiet()
    expect(rig.take()).toEqual([])
  })

  test('copy and truncate with nothing left to read in the copy: known again after a restart', async () => {
    rig.write('app.log', text(lines(0, 5)))
    rig.start()
    await rig.scan()
    fs.copyFileSync(rig.path('app.log'), rig.path('app.log.1'))
    fs.truncateSync(rig.path('app.log'))
    rig.write('app.log', 'new\n')
    await rig.settle()
    expect(rig.take()).toEqual([...lines(0, 5), 'new'])
    await rig.restart()
    await rig.quiet()
    expect(rig.take()).toEqual([])
  })

  test('copy and truncate with lines not yet read: they come from the copy', async () => {
    rig.write('app.log', text(lines(0, 10)))
    rig.start()
    await rig.scan()
    rig.write('app.log', text(lines(10, 20)))
    fs.copyFileSync(rig.path('app.log'), rig.path('app.log.1'))
    fs.truncateSync(rig.path('app.log'))
    rig.write('app.log', text(lines(20, 25)))
    await rig.settle()
    expect(rig.take().sort()).toEqual(lines(0, 25))
  })

  test('a copy seen before the truncation, while it is being made, is not read as a new file', async () => {
    const large = text(lines(0, 500))
    rig.write('app.log', large)
    rig.start()
    await rig.scan()
    rig.write('app.log.1', large.slice(0, 3000))
    await rig.scan()
    rig.write('app.log.1', large.slice(3000))
    await rig.scan()
    fs.truncateSync(rig.path('app.log'))
    rig.write('app.log', 'new\n')
    await rig.settle()
    expect(rig.take()).toEqual([...lines(0, 500), 'new'])
  })

  test('a copy of a file that is not truncated is a file of its own, after a while', async () => {
    rig.write('app.log', text(lines(0, 10)))
    rig.start()
    await rig.scan()
    fs.copyFileSync(rig.path('app.log'), rig.path('backup.log'))
    await rig.scan()
    expect(rig.take()).toEqual(lines(0, 10))
    await rig.quiet()
    expect(rig.take()).toEqual(lines(0, 10))
  })

  test('copy and truncate, only the live name matches', async () => {
    rig.write('app.log', text(lines(0, 10)))
    rig.start({ files: [rig.path('app.log')] })
    await rig.scan()
    fs.copyFileSync(rig.path('app.log'), rig.path('app.log.1'))
    fs.truncateSync(rig.path('app.log'))
    rig.write('app.log', 'new\n')
    await rig.settle()
    expect(rig.take()).toEqual([...lines(0, 10), 'new'])
  })

  test('truncated to less than the position: the new content is read from its start', async () => {
    rig.write('app.log', text(lines(0, 10)))
    rig.start()
    await rig.scan()
    fs.truncateSync(rig.path('app.log'))
    rig.write('app.log', 'short\n')
    await rig.settle()
    expect(rig.take()).toEqual([...lines(0, 10), 'short'])
  })

  test('truncated and grown past the position between two looks: all 40 lines come', async () => {
    rig.write('app.log', text(lines(0, 10)))
    rig.start()
    await rig.scan()
    fs.truncateSync(rig.path('app.log'))
    rig.write('app.log', text(lines(100, 140)))
    await rig.settle()
    expect(rig.take()).toEqual([...lines(0, 10), ...lines(100, 140)])
  })

  test('rewritten with other lines of the same size', async () => {
    rig.write('app.log', text(lines(0, 10)))
    rig.start()
    await rig.scan()
    fs.writeFileSync(rig.path('app.log'), text(lines(50, 60)))
    await rig.settle()
    expect(rig.take()).toEqual([...lines(0, 10), ...lines(50, 60)])
  })

  test('a held last line is given up with the truncation, not glued to what comes after', async () => {
    rig.write('app.log', 'one\nhalf of a li')
    rig.start()
    await rig.scan()
    fs.writeFileSync(rig.path('app.log'), 'x\nyy\nzzzzzzzzzzzz')
    await rig.settle()
    expect(rig.take()).toEqual(['one', 'x', 'yy'])
  })

  test('a held first line that is overwritten in place with several', async () => {
    rig.write('app.log', 'abcdefg')
    rig.start()
    await rig.scan()
    fs.writeFileSync(rig.path('app.log'), 'a\nb\ncd\n')
    await rig.scan()
    expect(rig.take()).toEqual(['a', 'b', 'cd'])
  })

  test('deleted while open: read to its end, the unterminated rest included', async () => {
    rig.write('app.log', text(lines(0, 10)))
    rig.start()
    await rig.scan()
    const writer = fs.openSync(rig.path('app.log'), 'a')
    fs.unlinkSync(rig.path('app.log'))
    fs.writeSync(writer, 'after the deletion\nrest')
    await rig.scan()
    fs.closeSync(writer)
    await rig.quiet()
    expect(rig.take()).toEqual([...lines(0, 10), 'after the deletion', 'rest'])
    await rig.quiet()
    expect(rig.status()).toMatchObject({ files: 0, openFiles: 0 })
  })

  test('deleted and made anew under the same name', async () => {
    rig.start()
    for (let i = 0; i < 5; i++) {
      rig.write('app.log', text(lines(0, 10)))
      await rig.scan()
      fs.unlinkSync(rig.path('app.log'))
    }
    await rig.settle()
    expect(rig.take()).toHaveLength(50)
  })

  test('a renamed file with an unterminated line: the rest is an event once it is quiet', async () => {
    rig.write('app.log', 'one\nhal')
    rig.start()
    await rig.scan()
    fs.renameSync(rig.path('app.log'), rig.path('app.log.1'))
    rig.write('app.log', 'new\n')
    await rig.scan()
    rig.write('app.log.1', 'f')
    await rig.scan()
    expect(rig.take()).toEqual(['one', 'new'])
    await rig.quiet()
    expect(rig.take()).toEqual(['half'])
    await rig.restart()
    await rig.quiet()
    expect(rig.take()).toEqual([])
  })

  test('a new file that begins like the one renamed before does not wait', async () => {
    const header = 'time,level,message\n'
    rig.write('app.log', header + '1,info,a\n')
    rig.start()
    await rig.scan()
    fs.renameSync(rig.path('app.log'), rig.path('app.log.1'))
    rig.write('app.log', header)
    await rig.scan()
    expect(rig.take()).toEqual(['time,level,message', '1,info,a', 'time,level,message'])
  })

  test('the unlinked file of a reader that fell behind does not end the source', async () => {
    rig.write('a.log', text(lines(0, 10)))
    const tailer = rig.start({ maxOpenFiles: 1 })
    rig.write('b.log', text(lines(10, 20)))
    await tailer.scan()
    fs.unlinkSync(rig.path('a.log'))
    fs.unlinkSync(rig.path('b.log'))
    await rig.settle()
    await rig.quiet()
    expect(rig.take().length).toBeGreaterThanOrEqual(10)
    expect(rig.status()).toMatchObject({ files: 0, openFiles: 0 })
  })
})

describe('after a restart', () => {
  beforeEach(async () => {
    rig.write('app.log', text(lines(0, 10)))
    rig.start()
    await rig.scan()
    expect(rig.take()).toEqual(lines(0, 10))
    rig.stop()
  })

  test('lines written meanwhile come, nothing twice', async () => {
    rig.write('app.log', text(lines(10, 20)))
    await rig.restart()
    expect(rig.take()).toEqual(lines(10, 20))
  })

  test('renamed while down, the name matches: no duplicate', async () => {
    fs.renameSync(rig.path('app.log'), rig.path('app.log.1'))
    rig.write('app.log.1', 'late\n')
    rig.write('app.log', 'new\n')
    await rig.restart()
    expect(rig.take().sort()).toEqual(['late', 'new'])
    await rig.restart()
    expect(rig.take()).toEqual([])
  })

  test('renamed while down to a name no pattern matches: its last lines are found', async () => {
    rig.stop()
    rig.start({ files: [rig.path('app.log')] })
    rig.write('app.log', 'late\n')
    fs.renameSync(rig.path('app.log'), rig.path('old-app'))
    rig.write('app.log', 'new\n')
    await rig.restart()
    expect(rig.take().sort()).toEqual(['late', 'new'])
    await rig.quiet()
    expect(rig.status()['files']).toBe(1)
  })

  test('copied and truncated while down: the copy continues the stream', async () => {
    rig.write('app.log', 'not read\n')
    fs.copyFileSync(rig.path('app.log'), rig.path('app.log.1'))
    fs.truncateSync(rig.path('app.log'))
    rig.write('app.log', 'new\n')
    await rig.restart()
    expect(rig.take().sort()).toEqual(['new', 'not read'])
    await rig.restart()
    expect(rig.take()).toEqual([])
  })

  test('truncated while down and not copied', async () => {
    fs.truncateSync(rig.path('app.log'))
    rig.write('app.log', 'new\n')
    await rig.restart()
    expect(rig.take()).toEqual(['new'])
  })

  test('truncated and grown past the position while down', async () => {
    fs.truncateSync(rig.path('app.log'))
    rig.write('app.log', text(lines(100, 140)))
    await rig.restart()
    expect(rig.take()).toEqual(lines(100, 140))
  })

  test('another file with the same inode and longer content: read from its start', async () => {
    const inode = fs.statSync(rig.path('app.log')).ino
    for (let i = 0; i < 50; i++) {
      fs.unlinkSync(rig.path('app.log'))
      rig.write('app.log', text(lines(0, 40, 'reborn')))
      if (fs.statSync(rig.path('app.log')).ino === inode) break
    }
    await rig.restart()
    expect(rig.take()).toEqual(lines(0, 40, 'reborn'))
  })

  test('another file with the same inode and the same beginning: read from its start', async () => {
    for (let i = 0; i < 5; i++) {
      fs.unlinkSync(rig.path('app.log'))
      rig.write('app.log', text(lines(0, 12)))
    }
    await rig.restart()
    expect(rig.take()).toEqual(lines(0, 12))
  })

  test('the number of the device changed at a reboot: nothing twice', async () => {
    for (const [stream, position] of rig.positions) {
      const memo = JSON.parse(position.memo) as Record<string, unknown>
      rig.positions.set(stream, { ...position, memo: JSON.stringify({ ...memo, dev: '999' }) })
    }
    rig.write('app.log', 'more\n')
    await rig.restart()
    expect(rig.take()).toEqual(['more'])
  })

  test('deleted while down and made anew', async () => {
    fs.unlinkSync(rig.path('app.log'))
    rig.write('app.log', 'new\n')
    await rig.restart()
    expect(rig.take()).toEqual(['new'])
  })

  test('a held line is delivered once it is complete', async () => {
    rig.write('app.log', 'half')
    await rig.restart()
    rig.write('app.log', ' and half\n')
    await rig.restart()
    expect(rig.take()).toEqual(['half and half'])
  })

  test('damaged memos: everything again, nothing lost', async () => {
    for (const [stream, position] of rig.positions) {
      rig.positions.set(stream, { ...position, memo: position.memo.slice(0, 20) })
    }
    await rig.restart()
    expect(rig.take()).toEqual(lines(0, 10))
  })

  test('positions of another source of the flow are not taken', async () => {
    for (const [stream, position] of new Map(rig.positions)) {
      rig.positions.delete(stream)
      rig.positions.set(stream.replace('tail/in/', 'tail/in2/'), position)
    }
    await rig.restart()
    expect(rig.take()).toEqual(lines(0, 10))
  })

  test('truncated again and again with a copy each time, over several restarts', async () => {
    for (let i = 1; i <= 4; i++) {
      rig.write('app.log', text(lines(i * 10, i * 10 + 5)))
      for (let k = i; k > 1; k--)
        fs.renameSync(rig.path(`app.log.${k - 1}`), rig.path(`app.log.${k}`))
      fs.copyFileSync(rig.path('app.log'), rig.path('app.log.1'))
      fs.truncateSync(rig.path('app.log'))
      rig.write('app.log', text(lines(i * 10 + 5, i * 10 + 10)))
      await rig.restart()
      expect(rig.take().sort()).toEqual(lines(i * 10, i * 10 + 10))
      rig.stop()
    }
  })
})

describe('files that look alike', () => {
  const beginning = text(lines(0, 200, 'the same beginning'))

  test('with an equal first KiB are two files, also after a restart', async () => {
    rig.write('a.log', `${beginning}from a\n`)
    rig.write('b.log', `${beginning}from b\n`)
    rig.start()
    await rig.scan()
    expect(rig.take()).toHaveLength(402)
    rig.write('a.log', 'more a\n')
    rig.write('b.log', 'more b\n')
    await rig.restart()
    expect(rig.take().sort()).toEqual(['more a', 'more b'])
  })

  test('with wholly equal content are two files', async () => {
    rig.write('a.log', beginning)
    rig.write('b.log', beginning)
    rig.start()
    await rig.scan()
    expect(rig.take()).toHaveLength(400)
    await rig.restart()
    expect(rig.take()).toHaveLength(0)
  })

  test('of which one is truncated: only a copy made of it is continued', async () => {
    rig.write('a.log', `${beginning}from a\n`)
    rig.write('b.log', `${beginning}from b\n`)
    rig.start()
    await rig.scan()
    rig.take()
    fs.copyFileSync(rig.path('b.log'), rig.path('b.log.1'))
    fs.truncateSync(rig.path('b.log'))
    rig.write('b.log', 'new b\n')
    rig.write('c.log', `${beginning}from c\n`)
    await rig.settle()
    await rig.quiet()
    const taken = rig.take()
    expect(taken).toHaveLength(202)
    expect(taken).toContain('from c')
    expect(taken).toContain('new b')
  })

  test('a file and its hard link are one', async () => {
    rig.write('a.log', 'one\n')
    fs.linkSync(rig.path('a.log'), rig.path('z.log'))
    fs.symlinkSync(rig.path('a.log'), rig.path('y.log'))
    rig.start()
    await rig.settle()
    rig.write('a.log', 'two\n')
    await rig.settle()
    expect(rig.take()).toEqual(['one', 'two'])
    expect(rig.status()['files']).toBe(1)
  })
})

describe('a crash', () => {
  test.for([0, 1, 2, 3, 5, 9])('after %i accepted batches: every line once', async (accepts) => {
    const all = lines(0, 2000)
    rig.write('a.log', text(all.slice(0, 1000)))
    rig.write('b.log', text(all.slice(1000)))
    rig.start({ readSize: '4Ki' })
    rig.acceptsLeft = accepts
    await rig.scan()
    await rig.restart()
    expect(rig.take().sort()).toEqual(all)
  })

  test.for([0, 1, 2, 3, 4, 5, 6])(
    'after %i accepted batches in the middle of a copy and truncate: every line once',
    async (accepts) => {
      rig.write('app.log', text(lines(0, 200)))
      rig.start({ readSize: '4Ki' })
      await rig.scan()
      rig.write('app.log', text(lines(200, 900)))
      fs.copyFileSync(rig.path('app.log'), rig.path('app.log.1'))
      fs.truncateSync(rig.path('app.log'))
      rig.write('app.log', text(lines(900, 1500)))
      rig.acceptsLeft = accepts
      await rig.settle()
      await rig.restart()
      expect(rig.take().sort()).toEqual(lines(0, 1500))
    },
  )

  test.for([0, 1, 2, 3, 4])(
    'after %i accepted batches in the middle of a rotation by name: every line once',
    async (accepts) => {
      rig.write('app.log', text(lines(0, 200)))
      rig.start({ readSize: '4Ki', files: [rig.path('app.log')] })
      await rig.scan()
      rig.write('app.log', text(lines(200, 500)))
      fs.renameSync(rig.path('app.log'), rig.path('app.1'))
      rig.write('app.log', text(lines(500, 800)))
      rig.acceptsLeft = accepts
      await rig.settle()
      await rig.restart()
      expect(rig.take().sort()).toEqual(lines(0, 800))
    },
  )

  test('when a batch was cut and only its first part stored: the rest comes', async () => {
    rig.write('a.log', text(lines(0, 100)))
    rig.start()
    await rig.scan()
    const [[stream, position]] = [...rig.positions] as [[string, Position]]
    rig.positions.set(stream, { ...position, offset: 12 * 40 })
    rig.take()
    await rig.restart()
    expect(rig.take()).toEqual(lines(40, 100))
    rig.write('a.log', 'more\n')
    await rig.scan()
    expect(rig.take()).toEqual(['more'])
  })

  test('before a dropped line was stored: it is dropped again, nothing else', async () => {
    rig.start({ maxLineSize: 16, longLines: 'drop' })
    rig.write('a.log', `one\n${'x'.repeat(100)}\ntwo\n`)
    rig.acceptsLeft = 1
    await rig.scan()
    await rig.restart()
    expect(rig.take()).toEqual(['one', 'two'])
  })
})

describe('startAt: end', () => {
  const config = { startAt: 'end' }

  test('passes over what is there at the very first start, to the start of its last line', async () => {
    rig.write('a.log', 'old\nhal')
    rig.start(config)
    await rig.scan()
    rig.write('a.log', 'f\nnew\n')
    await rig.scan()
    expect(rig.take()).toEqual(['half', 'new'])
  })

  test('reads files that appear later from their start', async () => {
    rig.start(config)
    await rig.scan()
    rig.write('a.log', 'first\n')
    await rig.scan()
    expect(rig.take()).toEqual(['first'])
  })

  test('loses nothing that is written while the agent is down, though it never read a line', async () => {
    rig.write('a.log', 'old\n')
    rig.start(config)
    await rig.scan()
    rig.stop()
    rig.write('a.log', 'while down\n')
    rig.write('b.log', 'also while down\n')
    await rig.restart()
    expect(rig.take()).toEqual(['while down', 'also while down'])
  })

  test('loses nothing when the first start found no file', async () => {
    rig.start(config)
    await rig.scan()
    rig.write('a.log', 'while down\n')
    await rig.restart()
    expect(rig.take()).toEqual(['while down'])
  })
})

describe('patterns', () => {
  test('groups set headers, the first that matches wins, the file header has the path', async () => {
    rig.write('web/a.log', 'a\n')
    rig.write('db/b.log', 'b\n')
    rig.start({
      files: [],
      headers: { site: 'x', kind: 'any' },
      groups: [
        { name: 'web', files: [rig.path('web/*.log')], headers: { kind: 'web' } },
        { name: 'all', files: [rig.path('**/*.log')] },
      ],
      fileHeader: true,
      fileHeaderKey: 'path',
    })
    await rig.scan()
    expect(rig.headers).toEqual([
      { site: 'x', kind: 'web', path: rig.path('web/a.log') },
      { site: 'x', kind: 'any', path: rig.path('db/b.log') },
    ])
  })

  test('compressed siblings made by rotation are left alone', async () => {
    rig.write('app.log', 'one\n')
    rig.write('app.log.1.gz', 'binary\n')
    rig.start()
    await rig.scan()
    expect(rig.take()).toEqual(['one'])
  })

  test('a directory that comes later, with its files, is found', async () => {
    rig.start({ files: [rig.path('late/*/x*.log')] })
    await rig.scan()
    rig.write('late/a/x1.log', 'one\n')
    await rig.scan()
    expect(rig.take()).toEqual(['one'])
  })

  test('directories and pipes with a matching name are passed over', async () => {
    fs.mkdirSync(rig.path('dir.log'))
    rig.write('a.log', 'one\n')
    rig.start()
    await rig.scan()
    expect(rig.take()).toEqual(['one'])
  })
})

describe('many files', () => {
  test('1,000 files with a line each: all read, in turn', async () => {
    for (let i = 0; i < 1000; i++) rig.write(`f${i}.log`, `line of ${i}\n`)
    rig.start({ maxOpenFiles: 50 })
    await rig.scan()
    expect(rig.take().sort()).toEqual(Array.from({ length: 1000 }, (_, i) => `line of ${i}`).sort())
    expect(rig.status()).toMatchObject({ files: 1000, openFiles: 50 })
    for (let i = 0; i < 1000; i++) rig.write(`f${i}.log`, `more of ${i}\n`)
    await rig.restart()
    expect(rig.take()).toHaveLength(1000)
  })

  test('a large file does not keep a small one waiting', async () => {
    rig.write('a.log', text(lines(0, 5000)))
    rig.write('b.log', 'small\n')
    rig.start({ readSize: '4Ki' })
    await rig.scan()
    const small = rig.batches.findIndex((batch) => bodyAt(batch, 0).toString() === 'small')
    expect(small).toBe(1)
  })

  test('above maxFiles wait, with a warning, and are read when there is room', async () => {
    for (let i = 0; i < 5; i++) rig.write(`f${i}.log`, `line of ${i}\n`)
    rig.start({ maxFiles: 3 })
    await rig.settle()
    expect(rig.take()).toHaveLength(3)
    expect(rig.status()['filesWaiting']).toBe(2)
    expect(rig.warnings).toEqual(['more files than maxFiles, some are not read'])
    for (let i = 0; i < 3; i++) fs.unlinkSync(rig.path(`f${i}.log`))
    await rig.scan()
    await rig.quiet()
    expect(rig.take()).toHaveLength(2)
  })
})

test('the status tells how far the source is behind, and in which file', async () => {
  rig.write('a.log', 'one\ntwo\nhalf')
  const tailer = rig.start()
  await tailer.scan()
  rig.monotonicMs += 500
  const oldestUnread = { path: rig.path('a.log'), waitsMs: 500 }
  expect(rig.status()).toMatchObject({ files: 1, bytesBehind: 12, oldestUnread })
  await rig.read()
  expect(rig.status()).toMatchObject({ bytesBehind: 4, oldestUnread: undefined })
})

test('a deleted file is emitted to its end when the source stops', async () => {
  rig.write('a.log', text(lines(0, 3000)) + 'rest')
  const tailer = rig.start({ readSize: '4Ki' })
  await tailer.scan()
  await tailer.step()
  fs.unlinkSync(rig.path('a.log'))
  await tailer.scan()
  await tailer.finishDeleted(() => Promise.resolve(true))
  expect(rig.take()).toEqual([...lines(0, 3000), 'rest'])
})

describe('random histories of a log', () => {
  /** One thing that happens to the log or to the agent. */
  const actions = fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant('write'), count: fc.integer({ min: 1, max: 120 }) }),
      },
      { weight: 3, arbitrary: fc.constant({ do: 'scan', count: 0 }) },
      { weight: 2, arbitrary: fc.constant({ do: 'poll', count: 0 }) },
      { weight: 2, arbitrary: fc.constant({ do: 'rename', count: 0 }) },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('copyTruncate'),
          count: fc.integer({ min: 0, max: 20 }),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ do: 'quiet', count: 0 }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('crash'), count: fc.integer({ min: 0, max: 12 }) }),
      },
      { weight: 1, arbitrary: fc.constant({ do: 'down', count: 0 }) },
    ),
    { minLength: 10, maxLength: 60 },
  )

  test('every line comes once, whatever rotates, is truncated or crashes', async () => {
    await fc.assert(
      fc.asyncProperty(actions, fc.boolean(), async (history, small) => {
        const one = new Rig()
        try {
          await happen(one, history, small)
        } finally {
          one.remove()
        }
      }),
      { numRuns: 150 },
    )
  }, 60_000)

  async function happen(
    one: Rig,
    history: readonly { readonly do: string; readonly count: number }[],
    small: boolean,
  ): Promise<void> {
    let written = 0
    let rotations = 0
    let up = true
    const config = { readSize: small ? '4Ki' : '1Mi', maxOpenFiles: small ? 2 : 100 }
    one.start(config)
    one.write('app.log', '')
    // A copy that is being made at the very first look cannot be told from a file of its own.
    await one.scan()
    const shift = (): void => {
      for (let k = rotations; k > 0; k--) {
        fs.renameSync(one.path(`app.log.${k}`), one.path(`app.log.${k + 1}`))
      }
      rotations++
    }
    for (const action of history) {
      if (action.do === 'write') {
        one.write('app.log', text(lines(written, (written += action.count))))
      } else if (action.do === 'rename') {
        shift()
        fs.renameSync(one.path('app.log'), one.path('app.log.1'))
        one.write('app.log', '')
      } else if (action.do === 'copyTruncate') {
        shift()
        const content = fs.readFileSync(one.path('app.log'))
        one.write('app.log.1', content.subarray(0, action.count * 100))
        // The copying takes a while, in which the agent looks at what there is so far.
        if (up && action.count > 0) await one.scan()
        one.write('app.log.1', content.subarray(action.count * 100))
        if (up && action.count > 10) await one.scan()
        fs.truncateSync(one.path('app.log'))
      } else if (action.do === 'crash' && up) {
        one.acceptsLeft = action.count
        await one.scan()
        await one.restart()
      } else if (action.do === 'down') {
        if (up) one.stop()
        else await one.restart()
        up = !up
      } else if (action.do === 'quiet' && up) await one.quiet()
      else if (action.do === 'poll' && up) await one.poll()
      else if (action.do === 'scan' && up) await one.scan()
    }
    if (!up) await one.restart()
    await one.quiet()
    await one.quiet()
    expect(one.take().sort()).toEqual(lines(0, written))
  }
})
