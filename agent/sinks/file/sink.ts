import { resolve } from 'node:path'
import type { Batch } from '../../core/batch.ts'
import type { FlumeError } from '../../core/errors.ts'
import { toFlumeError } from '../../core/errors.ts'
import type { Sink, SinkContext } from '../../core/sink.ts'
import { encodeJson } from '../../encoders/json.ts'
import { encodeText } from '../../encoders/text.ts'
import type { FileSinkConfig } from './config.ts'
import type { Cursor } from './cursor.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { makeDurableDirectory } from '../../lib/durable-directory.ts'
import { notWritten, startFailed } from './failures.ts'
import { Output } from './output.ts'
import { repair } from './repair.ts'
import { newSeries } from './series.ts'

/** Enough that the next group is encoded and queued while the last one is synced. */
const WRITES_MAX = 8

const ENCODERS = { text: encodeText, json: encodeJson }

interface Write {
  readonly buffers: readonly Buffer[]
  readonly bytes: number
  readonly resolve: (state: Buffer) => void
  readonly reject: (error: FlumeError) => void
}

/** What exists between start and stop. */
interface Running {
  readonly output: Output
  /** After the last write that resolved. */
  cursor: Cursor
}

export function createSink(config: FileSinkConfig): Sink {
  return new FileSink(config)
}

/**
 * Writes events as lines into files of a directory.
 *
 * One loop writes: everything queued while the last sync ran becomes one write and one sync (group
 * commit). Each write resolves with its own cursor; the channel saves it together with the
 * acknowledgement, and the next start cuts the files back to it. So an acknowledged event is on disk
 * once, and what a crash leaves of unacknowledged ones is taken away before they come again.
 *
 *   queue ──▶ group ──▶ write, sync ──▶ resolve each ──▶ close when size or time is reached
 *                            └ fails ──▶ cut back ──▶ reject all that waits ──▶ next file
 */
class FileSink implements Sink {
  readonly writesMax = WRITES_MAX
  readonly #config: FileSinkConfig
  readonly #directory: string
  #running: Running | undefined
  #queue: Write[] = []
  #loop: Promise<void> | undefined
  #rollDue = false
  #stopped = false
  /** Found at start and left as they are. */
  #sealedAtStart = 0

  constructor(config: FileSinkConfig) {
    this.#config = config
    this.#directory = resolve(config.directory)
  }

  async start(context: SinkContext): Promise<void> {
    const { disk, clock, random, log } = context
    const previous = context.state && decodeCursor(context.state)
    try {
      if (previous) this.#sealedAtStart = await repair(context, previous)
      await makeDurableDirectory(disk, this.#directory)
    } catch (error) {
      throw startFailed(this.#directory, previous?.directory, error)
    }
    const files = {
      directory: this.#directory,
      series: newSeries(this.#config.filePrefix, clock, random),
      suffix: this.#config.fileSuffix,
    }
    const cursor = { ...files, number: 0, length: 0 }
    // The series is durable before its first file: no crash leaves a file that no state knows of.
    await context.saveState(encodeCursor(cursor))
    const rollIntervalMs = this.#config.rollInterval
    const onRollDue = (): void => {
      this.#rollDue = true
      this.#wake()
    }
    const output = new Output({ ...files, rollIntervalMs, disk, clock, log, onRollDue })
    this.#running = { output, cursor }
  }

  async write(batches: readonly Batch[], signal: AbortSignal): Promise<Buffer> {
    if (this.#running === undefined || this.#stopped) throw notWritten('the sink does not run')
    // A write to a disk cannot be called back, so the signal counts before it is queued.
    if (signal.aborted) throw notWritten('the write was called off before it began')
    if (this.#queue.length >= WRITES_MAX) {
      throw notWritten(`${WRITES_MAX} writes wait already, more than the sink allows at a time`)
    }
    const buffers = batches.flatMap(ENCODERS[this.#config.format])
    const bytes = buffers.reduce((sum, each) => sum + each.length, 0)
    return new Promise((onResolve, onReject) => {
      this.#queue.push({ buffers, bytes, resolve: onResolve, reject: onReject })
      this.#wake()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#loop
    await this.#running?.output.closeFile()
  }

  status(): Readonly<Record<string, unknown>> {
    const sealedAtStart = this.#sealedAtStart
    return { directory: this.#directory, ...this.#running?.output.status(), sealedAtStart }
  }

  #wake(): void {
    this.#loop ??= this.#run(this.#running!)
  }

  /** Never rejects: failures go to the writes. */
  async #run(running: Running): Promise<void> {
    // Lets the writes of this turn gather in one group.
    await Promise.resolve()
    while (this.#rollDue || this.#queue.length > 0) {
      if (this.#rollDue) {
        this.#rollDue = false
        await running.output.closeFile()
      } else {
        await this.#commit(running, this.#nextGroup(running.output.fileBytes))
      }
    }
    this.#loop = undefined
  }

  /** What is queued, up to the write that brings the file to its size. */
  #nextGroup(fileBytes: number): Write[] {
    const bytesMax = this.#config.rollSize || Infinity
    let bytes = fileBytes
    let count = 0
    for (const each of this.#queue) {
      if (count > 0 && bytes >= bytesMax) break
      bytes += each.bytes
      count++
    }
    return this.#queue.splice(0, count)
  }

  async #commit(running: Running, group: readonly Write[]): Promise<void> {
    const { output } = running
    try {
      const bytes = group.reduce((sum, each) => sum + each.bytes, 0)
      const buffers = group.flatMap((each) => each.buffers)
      let { number, length } = bytes > 0 ? await output.append(buffers, bytes) : running.cursor
      for (const each of group) {
        length += each.bytes
        running.cursor = { ...running.cursor, number, length }
        each.resolve(encodeCursor(running.cursor))
      }
    } catch (error) {
      await this.#fail(group, toFlumeError(error))
    }
    if (output.fileBytes >= (this.#config.rollSize || Infinity)) await output.closeFile()
  }

  /**
   * Rejects the group and all writes that were called before their caller could know of it: were one
   * of them written and then released with the group, it would be in the files twice.
   */
  async #fail(group: readonly Write[], failure: FlumeError): Promise<void> {
    for (const each of group) each.reject(failure)
    // A rejection reaches the caller within this turn of the event loop.
    await new Promise((onTurn) => setImmediate(onTurn))
    for (const each of this.#queue.splice(0)) {
      each.reject(notWritten(`a write before it failed: ${failure.message}`))
    }
  }
}
