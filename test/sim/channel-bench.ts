import { openWith } from '../../agent/channels/file/channel.ts'
import { fileChannelOptions } from '../../agent/channels/file/options.ts'
import type { FileChannelOptions } from '../../agent/channels/file/options.ts'
import type { Batch } from '../../agent/core/batch.ts'
import { batchOf, bodyAt } from '../../agent/core/batch.ts'
import type { Channel, Lease } from '../../agent/core/channel.ts'
import { ManualClock, turns } from './clock.ts'
import type { CrashKind, PowerLossOptions } from './disk.ts'
import { SimDisk } from './disk.ts'
import { TestLog } from './flow-parts.ts'
import { SeededRandom } from './random.ts'

const DIRECTORY = '/data/channel'
const SEGMENT_BYTES = 16 * 1024
const TURNS_MAX = 3000

export const SMALL: FileChannelOptions = {
  ...fileChannelOptions({
    segmentSize: SEGMENT_BYTES,
    capacity: 16 * SEGMENT_BYTES,
    capacityEvents: undefined,
  }),
  positionsBytesMax: 4096,
  // What the capacity gives is less than the header of a segment.
  reserveFileBytes: 12 * 1024,
}

/** A file channel on a simulated disk for single cases: append, take, crash, look. */
export class ChannelBench {
  readonly disk: SimDisk
  readonly channel: Channel
  readonly #clock: ManualClock
  readonly #options: FileChannelOptions

  private constructor(
    disk: SimDisk,
    opened: { channel: Channel; clock: ManualClock; options: FileChannelOptions },
  ) {
    this.disk = disk
    this.channel = opened.channel
    this.#clock = opened.clock
    this.#options = opened.options
  }

  static async create(options: FileChannelOptions = SMALL, seed = 1): Promise<ChannelBench> {
    const disk = new SimDisk({ random: new SeededRandom(seed), latency: 'none' })
    await disk.makeDirectory('/data')
    disk.syncAll()
    return ChannelBench.open(disk, options)
  }

  /** Opens what is on the disk. */
  static async open(disk: SimDisk, options: FileChannelOptions = SMALL): Promise<ChannelBench> {
    const clock = new ManualClock()
    const opening = openWith(options, {
      name: 'channel',
      flow: 'flow',
      clock,
      random: new SeededRandom(disk.calls + disk.paths().length),
      disk,
      log: new TestLog(),
      directory: DIRECTORY,
    })
    const channel = await settled(opening, clock)
    return new ChannelBench(disk, { channel, clock, options })
  }

  /** Lets time pass until the promise settles. */
  settled<T>(work: Promise<T>): Promise<T> {
    return settled(work, this.#clock)
  }

  append(...texts: readonly string[]): Promise<void> {
    return this.settled(this.send(batchOf(texts.map((text) => ({ body: Buffer.from(text) })))))
  }

  /** Lines of a stream whose first starts at `from`; each line takes one. */
  appendAt(from: number, ...texts: readonly string[]): Promise<void> {
    const origin = {
      stream: 's',
      from,
      to: from + texts.length,
      offsets: Float64Array.from(texts, (_, i) => from + i + 1),
      memo: '',
      routing: 'r',
    }
    return this.settled(
      this.send(
        batchOf(
          texts.map((text) => ({ body: Buffer.from(text) })),
          origin,
        ),
      ),
    )
  }

  async send(batch: Batch): Promise<void> {
    const need = { events: batch.count, bytes: batch.bodies.length }
    const room = await this.channel.reserve(need, new AbortController().signal)
    await this.channel.append(batch, room).safe
  }

  get offset(): number {
    return this.channel.positions().get('s')?.offset ?? 0
  }

  /** What is there now; undefined when nothing comes. */
  async take(eventsMax = 1000): Promise<{ lease: Lease; texts: string[] } | undefined> {
    const abort = new AbortController()
    const options = { sink: 'out', eventsMax, bytesMax: 1_000_000, signal: abort.signal }
    const taking = this.channel.take(options)
    await turns(60)
    abort.abort()
    const lease = await this.settled(taking)
    return lease && { lease, texts: lease.batches.flatMap(textsOf) }
  }

  /** Everything that is there, acknowledged durably. */
  async drain(): Promise<string[]> {
    const texts: string[] = []
    for (;;) {
      const taken = await this.take()
      if (taken === undefined) return texts
      texts.push(...taken.texts)
      await this.settled(taken.lease.ack())
    }
  }

  /** The next process on what a crash leaves. */
  async crash(kind: CrashKind, options?: PowerLossOptions): Promise<ChannelBench> {
    return ChannelBench.open(this.disk.crash(kind, options), this.#options)
  }

  async reopen(): Promise<ChannelBench> {
    await this.settled(this.channel.close())
    return ChannelBench.open(this.disk, this.#options)
  }

  /** Paths of the segments, oldest first. */
  segments(): string[] {
    return segmentsOf(this.disk)
  }
}

export function segmentsOf(disk: SimDisk): string[] {
  return disk.paths().filter((path) => path.endsWith('.seg'))
}

function textsOf(batch: Batch): string[] {
  return Array.from({ length: batch.count }, (_, i) => bodyAt(batch, i).toString('latin1'))
}

async function settled<T>(work: Promise<T>, clock: ManualClock): Promise<T> {
  let done = false
  const end = (): void => void (done = true)
  work.then(end, end)
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    if (done) return work
    await turns(1)
    if (turn % 10 === 9) clock.advance(100)
  }
  throw new Error(`not settled after ${TURNS_MAX} turns`)
}
