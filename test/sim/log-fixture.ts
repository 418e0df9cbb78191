import type { Batch } from '../../agent/core/batch.ts'
import { batchOf } from '../../agent/core/batch.ts'
import type { ChannelContext } from '../../agent/core/channel-context.ts'
import type { Logger } from '../../agent/core/logger.ts'
import { fileChannelOptions } from '../../agent/channels/file/options.ts'
import type { FileChannelOptions } from '../../agent/channels/file/options.ts'
import { ManualClock } from './clock.ts'
import { SimDisk } from './disk.ts'
import { SeededRandom } from './random.ts'

export const DIRECTORY = '/data/agent/flow/channel'

/** A logger that keeps what it is told. */
export class RecordingLogger implements Logger {
  readonly lines: { level: string; message: string; fields: object }[]

  constructor(lines: { level: string; message: string; fields: object }[] = []) {
    this.lines = lines
  }

  debug(fields: object, message: string): void {
    this.lines.push({ level: 'debug', message, fields })
  }

  info(fields: object, message: string): void {
    this.lines.push({ level: 'info', message, fields })
  }

  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', message, fields })
  }

  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', message, fields })
  }

  child(): Logger {
    return new RecordingLogger(this.lines)
  }
}

/** What parts of the file channel need, on a disk in memory that answers at once. */
export async function logFixture(overrides: Partial<FileChannelOptions> = {}) {
  const disk = new SimDisk({ random: new SeededRandom(1), latency: 'none' })
  await disk.makeDirectory(DIRECTORY)
  disk.syncAll()
  const log = new RecordingLogger()
  const options: FileChannelOptions = {
    ...fileChannelOptions({ capacity: 8 * 2 ** 20 }),
    segmentBytes: 8192,
    positionsBytesMax: 2048,
    reserveFileBytes: 8192,
    readBytes: 4096,
    ...overrides,
  }
  const context: ChannelContext = {
    name: 'channel',
    flow: 'flow',
    clock: new ManualClock(),
    random: new SeededRandom(2),
    disk,
    log,
    directory: DIRECTORY,
  }
  return { disk, log, options, context, clock: context.clock as ManualClock, directory: DIRECTORY }
}

/** A batch of the given bodies, from offsets (i + 1) * 10 of a stream when one is named. */
export function bodies(texts: readonly string[], stream?: string): Batch {
  const events = texts.map((text) => ({ body: Buffer.from(text) }))
  if (stream === undefined) return batchOf(events)
  const offsets = Float64Array.from(texts, (_, i) => (i + 1) * 10)
  return batchOf(events, {
    stream,
    from: 0,
    to: texts.length * 10,
    offsets,
    memo: '',
    routing: 'r',
  })
}
