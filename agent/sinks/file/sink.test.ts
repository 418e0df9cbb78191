import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock, turns } from '../../../test/sim/clock.ts'
import { SimDisk } from '../../../test/sim/disk.ts'
import { SeededRandom } from '../../../test/sim/random.ts'
import { batchOf } from '../../core/batch.ts'
import type { Logger } from '../../core/logger.ts'
import type { Sink } from '../../core/sink.ts'
import type { Disk } from '../../lib/disk.ts'
import { nodeDisk } from '../../lib/disk.ts'
import { decodeCursor } from './cursor.ts'
import { fileSinkSchema } from './config.ts'
import { createSink } from './sink.ts'

const signal = new AbortController().signal
const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }

class Bench {
  readonly clock = new ManualClock()
  readonly #random = new SeededRandom(1)
  readonly disk: Disk
  readonly directory: string
  state: Buffer | undefined

  constructor(disk: Disk, directory: string) {
    this.disk = disk
    this.directory = directory
  }

  async start(fields: object = {}): Promise<Sink> {
    const sink = createSink(fileSinkSchema.parse({ directory: this.directory, ...fields }))
    await sink.start({
      name: 'out',
      flow: 'f',
      clock: this.clock,
      random: this.#random,
      disk: this.disk,
      log,
      state: this.state,
      saveState: async (state) => {
        this.state = state
      },
    })
    return sink
  }

  /** Writes one event per text and acknowledges. */
  async write(sink: Sink, ...texts: readonly string[]): Promise<void> {
    this.state = await sink.write(
      [batchOf(texts.map((text) => ({ body: Buffer.from(text), headers: { tier: 'gold' } })))],
      signal,
    )
  }
}

describe('file sink on a real disk', () => {
  let root = ''
  beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'file-sink-'))))
  afterEach(() => rm(root, { recursive: true }))

  const contents = async (directory: string): Promise<string[]> =>
    Promise.all(
      (await readdir(directory)).sort().map((name) => readFile(join(directory, name), 'utf8')),
    )

  test('writes lines into a directory it makes, and goes on in a new file after a restart', async () => {
    const bench = new Bench(nodeDisk, join(root, 'a/b'))
    const sink = await bench.start()
    await bench.write(sink, 'one', 'two')
    await bench.write(sink, 'three')
    await sink.stop()
    const next = await bench.start()
    await bench.write(next, 'four')
    await next.stop()
    const all = await contents(bench.directory)
    expect(all.toSorted()).toEqual(['four\n', 'one\ntwo\nthree\n'])
  })

  test('takes out what was written and not acknowledged', async () => {
    const bench = new Bench(nodeDisk, root)
    const sink = await bench.start()
    await bench.write(sink, 'kept')
    await sink.write([batchOf([{ body: Buffer.from('not acknowledged') }])], signal)
    await sink.stop()
    await (await bench.start()).stop()
    expect(await contents(root)).toEqual(['kept\n'])
  })

  test('a directory that is removed while the sink runs is made again', async () => {
    const bench = new Bench(nodeDisk, join(root, 'out'))
    const sink = await bench.start({ rollSize: 1 })
    await bench.write(sink, 'a')
    await rm(bench.directory, { recursive: true })
    await bench.write(sink, 'b')
    await sink.stop()
    expect(await contents(bench.directory)).toEqual(['b\n'])
  })

  test('writes JSON', async () => {
    const bench = new Bench(nodeDisk, root)
    const sink = await bench.start({ format: 'json', fileSuffix: '.json' })
    await bench.write(sink, 'a "b"')
    await sink.stop()
    expect(await contents(root)).toEqual(['{"headers":{"tier":"gold"},"body":"a \\"b\\""}\n'])
    expect((await readdir(root))[0]).toMatch(/^[0-9]+-[0-9a-f]{8}-000001\.json$/)
  })

  test('a directory that cannot be made is said to be so', async () => {
    const bench = new Bench(nodeDisk, '/dev/null/out')
    await expect(bench.start()).rejects.toMatchObject({ code: 'FLM4101', retryable: true })
  })
})

describe('file sink', () => {
  const newBench = (): Bench & { readonly disk: SimDisk } =>
    new Bench(new SimDisk({ random: new SeededRandom(1), latency: 'none' }), '/out') as Bench & {
      readonly disk: SimDisk
    }
  const contents = (disk: SimDisk): string[] =>
    disk
      .paths()
      .filter((path) => path.startsWith('/out'))
      .map((path) => disk.contentOf(path).toString())

  test('writes that wait share one sync, and each has the cursor of its own end', async () => {
    const bench = newBench()
    const sink = await bench.start()
    const states = await Promise.all(
      ['a', 'bb', 'ccc'].map((text) =>
        sink.write([batchOf([{ body: Buffer.from(text) }])], signal),
      ),
    )
    expect(states.map((state) => decodeCursor(state!)!.length)).toEqual([2, 5, 9])
    expect(bench.disk.counts.datasync).toBe(1)
    await sink.stop()
  })

  test('the write that reaches the size is the last of its file, also within a group', async () => {
    const bench = newBench()
    const sink = await bench.start({ rollSize: 6 })
    await Promise.all(
      ['aa', 'bb', 'cc', 'dd', 'ee'].map((text) =>
        sink.write([batchOf([{ body: Buffer.from(text) }])], signal),
      ),
    )
    await sink.stop()
    expect(contents(bench.disk)).toEqual(['aa\nbb\n', 'cc\ndd\n', 'ee\n'])
  })

  test('a file is closed when it is old enough, without any event', async () => {
    const bench = newBench()
    const sink = await bench.start({ rollInterval: '5m' })
    await bench.write(sink, 'a')
    bench.clock.advance(299_999)
    await turns()
    expect(sink.status!()).toMatchObject({ fileBytes: 2, filesTotal: 1 })
    bench.clock.advance(1)
    await turns()
    expect(sink.status!()).toMatchObject({ file: null, filesTotal: 1 })
    await bench.write(sink, 'b')
    await sink.stop()
    expect(contents(bench.disk)).toEqual(['a\n', 'b\n'])
    expect(bench.clock.pending).toBe(0)
  })

  test('no event, no file: neither after a start nor after an interval nor for an empty write', async () => {
    const bench = newBench()
    const sink = await bench.start({ rollInterval: '1s' })
    bench.clock.advance(10_000)
    await bench.write(sink)
    await sink.stop()
    expect(contents(bench.disk)).toEqual([])
    expect(decodeCursor(bench.state!)).toMatchObject({ number: 0, length: 0 })
  })

  test('a full disk leaves no torn line, and writing goes on when there is room', async () => {
    const bench = newBench()
    const sink = await bench.start()
    await bench.write(sink, 'before')
    bench.disk.capacityBytes = bench.disk.usedBytes + 8192
    const large = 'x'.repeat(50_000)
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(bench.write(sink, large)).rejects.toMatchObject({
        code: 'FLM4201',
        retryable: true,
        outcome: 'none',
      })
      expect(contents(bench.disk)).toEqual(['before\n'])
      await turns()
    }
    bench.disk.capacityBytes = Infinity
    await bench.write(sink, large)
    await sink.stop()
    expect(contents(bench.disk)).toEqual(['before\n', `${large}\n`])
  })

  test('after a failed sync the descriptor is not synced again and the events come once', async () => {
    const bench = newBench()
    const sink = await bench.start()
    await bench.write(sink, 'a')
    bench.disk.faults.arm({ kinds: ['datasync'], code: 'EIO', data: 'dropped' })
    await expect(bench.write(sink, 'b')).rejects.toMatchObject({ outcome: 'none' })
    await turns()
    await bench.write(sink, 'b')
    await sink.stop()
    const image = bench.disk.crash('power', { data: 'none', names: 'none' })
    expect(contents(image)).toEqual(['a\n', 'b\n'])
  })

  test('writes behind a failed one fail with it and were not begun', async () => {
    const bench = newBench()
    const sink = await bench.start({ rollSize: 2 })
    bench.disk.faults.arm({ kinds: ['write'], code: 'EIO' })
    const results = await Promise.allSettled(
      ['a', 'b', 'c'].map((text) => sink.write([batchOf([{ body: Buffer.from(text) }])], signal)),
    )
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(contents(bench.disk)).toEqual([])
    await sink.stop()
  })

  test('while the end of a file cannot be taken away nothing else is written', async () => {
    const bench = newBench()
    const sink = await bench.start()
    await bench.write(sink, 'a')
    bench.disk.faults.arm({ kinds: ['datasync'], code: 'EIO', persistent: true })
    await expect(bench.write(sink, 'b')).rejects.toMatchObject({ outcome: 'unknown' })
    await turns()
    await expect(bench.write(sink, 'b')).rejects.toMatchObject({ outcome: 'none' })
    await turns()
    expect(bench.disk.counts.create).toBe(1)
    bench.disk.faults.clear()
    await bench.write(sink, 'b')
    await sink.stop()
    expect(contents(bench.disk)).toEqual(['a\n', 'b\n'])
    expect(sink.status!()).toMatchObject({ sealedFilesTotal: 0 })
  })

  test('a changed directory: the old one is repaired, the new one written', async () => {
    const bench = newBench()
    const sink = await bench.start({ directory: '/old' })
    await bench.write(sink, 'a')
    await sink.write([batchOf([{ body: Buffer.from('not acknowledged') }])], signal)
    await sink.stop()
    const next = await bench.start()
    await bench.write(next, 'b')
    await next.stop()
    expect(bench.disk.paths().map((path) => bench.disk.contentOf(path).toString())).toEqual([
      'a\n',
      'b\n',
    ])
  })

  test('stops without a start, and twice; then nothing is written', async () => {
    const bench = newBench()
    const unstarted = createSink(fileSinkSchema.parse({ directory: '/out' }))
    await unstarted.stop()
    const sink = await bench.start()
    const last = bench.write(sink, 'last')
    await Promise.all([sink.stop(), sink.stop()])
    await last
    await expect(bench.write(sink, 'late')).rejects.toMatchObject({ outcome: 'none' })
    expect(contents(bench.disk)).toEqual(['last\n'])
  })

  test('a write that was called off before it began is not made', async () => {
    const bench = newBench()
    const sink = await bench.start()
    const aborted = AbortSignal.abort()
    await expect(
      sink.write([batchOf([{ body: Buffer.from('a') }])], aborted),
    ).rejects.toMatchObject({ code: 'FLM4201', retryable: true, outcome: 'none' })
    await sink.stop()
    expect(contents(bench.disk)).toEqual([])
  })
})
