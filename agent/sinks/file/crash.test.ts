import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/clock.ts'
import { SimDisk } from '../../../test/sim/disk.ts'
import type { PowerLossOptions } from '../../../test/sim/disk.ts'
import { SeededRandom } from '../../../test/sim/random.ts'
import { batchOf } from '../../core/batch.ts'
import type { Logger } from '../../core/logger.ts'
import type { Sink } from '../../core/sink.ts'
import { fileSinkSchema } from './config.ts'
import { createSink } from './sink.ts'

/**
 * The same short life of a sink, ended after each of its disk calls in turn, with every number of
 * its acknowledgements durable. Then a new sink starts, and the events that were not acknowledged
 * are delivered again.
 */

const EVENTS = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta']
const signal = new AbortController().signal
const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }

/** One record of the channel: a state, and how many events are acknowledged with it. */
interface Saved {
  readonly state: Buffer
  readonly acknowledged: number
}

/** One generator for all starts, as in a real agent: no two draw the same tag. */
const random = new SeededRandom(1)

async function startSink(disk: SimDisk, name: string, saved: Saved[]): Promise<Sink> {
  const config = { directory: '/out', rollSize: 12, filePrefix: `${name}-` }
  const sink = createSink(fileSinkSchema.parse(config))
  await sink.start({
    name,
    flow: 'f',
    clock: new ManualClock(),
    random,
    disk,
    log,
    state: saved.at(-1)?.state,
    saveState: async (state) => {
      saved.push({ state, acknowledged: saved.at(-1)?.acknowledged ?? 0 })
    },
  })
  return sink
}

/** Writes all events, two at a time, and acknowledges each write. */
async function deliver(sink: Sink, name: string, saved: Saved[]): Promise<void> {
  const write = async (from: number): Promise<void> => {
    const events = EVENTS.slice(from, from + 1)
    const state = await sink.write(
      [batchOf(events.map((event) => ({ body: Buffer.from(`${name} ${event}`) })))],
      signal,
    )
    saved.push({ state: state!, acknowledged: from + 1 })
  }
  for (let at = saved.at(-1)!.acknowledged; at < EVENTS.length; at += 2) {
    await Promise.all([write(at), ...(at + 1 < EVENTS.length ? [write(at + 1)] : [])])
  }
}

function linesOf(disk: SimDisk, name: string): string[] {
  return disk
    .paths()
    .filter((path) => path.startsWith(`/out/${name}-`))
    .flatMap((path) => disk.contentOf(path).toString().split('\n'))
    .filter((line) => line !== '')
}

interface Crash {
  readonly image: SimDisk
  readonly saved: Saved[]
}

/** undefined: the sink lived to the end. */
async function crashAfter(
  call: number,
  kind: 'kill' | 'power',
  loss: PowerLossOptions,
): Promise<Crash | undefined> {
  const disk = new SimDisk({ random: new SeededRandom(call), latency: 'none' })
  const saved: Saved[] = []
  const crashed = Promise.withResolvers<Crash>()
  disk.onCall = ({ index }) => {
    if (index !== call) return
    crashed.resolve({ image: disk.crash(kind, loss), saved: [...saved] })
  }
  const life = async (): Promise<void> => {
    const sink = await startSink(disk, 'a', saved)
    await deliver(sink, 'a', saved)
    await sink.stop()
  }
  return Promise.race([crashed.promise, life().then(() => undefined)])
}

const LOSSES: readonly (readonly ['kill' | 'power', PowerLossOptions])[] = [
  ['kill', {}],
  ['power', { data: 'none', names: 'none' }],
  ['power', { data: 'all', names: 'all' }],
  ['power', { data: 'none', names: 'all' }],
  ['power', { data: 'all', names: 'none' }],
  ['power', { data: 'torn', names: 'subset' }],
]

describe('file sink, ended after each of its disk calls', () => {
  test.each(LOSSES)('%s %j: each event is there once', async (kind, loss) => {
    let call = 1
    for (; ; call++) {
      const crash = await crashAfter(call, kind, loss)
      if (crash === undefined) break
      // The state saved at start is durable once saved; of the acknowledgements any number may be.
      for (
        let durable = Math.min(1, crash.saved.length);
        durable <= crash.saved.length;
        durable++
      ) {
        const disk = crash.image.image('kill')
        const saved = crash.saved.slice(0, durable)
        const sink = await startSink(disk, 'a', saved)
        const acknowledged = saved.at(-1)!.acknowledged
        expect(linesOf(disk, 'a')).toEqual(
          EVENTS.slice(0, acknowledged).map((event) => `a ${event}`),
        )
        await deliver(sink, 'a', saved)
        await sink.stop()
        expect(linesOf(disk, 'a').toSorted()).toEqual(
          EVENTS.map((event) => `a ${event}`).toSorted(),
        )
      }
    }
    // Several files were written, synced and closed on the way.
    expect(call).toBeGreaterThan(20)
  })
})

describe('file sinks that share a directory', () => {
  test('a sink that starts does not touch the files of another, nor of one that was removed', async () => {
    const disk = new SimDisk({ random: new SeededRandom(1), latency: 'none' })
    const [first, second]: [Saved[], Saved[]] = [[], []]
    const removed = await startSink(disk, 'a', first)
    await deliver(removed, 'a', first)
    await removed.write([batchOf([{ body: Buffer.from('not acknowledged') }])], signal)
    await removed.stop()
    const before = linesOf(disk, 'a')

    const other = await startSink(disk, 'b', second)
    await deliver(other, 'b', second)
    await other.stop()
    expect(linesOf(disk, 'a')).toEqual(before)
    expect(before).toContain('not acknowledged')

    // The removed one comes back to the state it left in the channel.
    await (await startSink(disk, 'a', first)).stop()
    expect(linesOf(disk, 'a')).toEqual(EVENTS.map((event) => `a ${event}`))
    expect(linesOf(disk, 'b')).toEqual(EVENTS.map((event) => `b ${event}`))
  })
})
