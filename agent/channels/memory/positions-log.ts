import { join } from 'node:path'
import type { Position } from '../../core/batch.ts'
import type { ChannelContext } from '../../core/channel-context.ts'
import { FlumeError, systemCode } from '../../core/errors.ts'
import { backoffMs } from '../../lib/backoff.ts'
import type { Timer } from '../../lib/clock.ts'
import type { DiskFile, DiskLock } from '../../lib/disk.ts'
import { makeDurableDirectory } from '../../lib/durable-directory.ts'
import { decodeChanges, encodeChange, FILE_HEADER } from './positions-format.ts'
import type { PositionsChange } from './positions-format.ts'

/** Changes wait this long for others to share their sync. */
export const SAVE_DELAY_MS = 10
/** A file above this and above four times its content is written anew. */
const FILE_BYTES_MAX = 1024 * 1024
const RETRY = { minMs: 100, maxMs: 5000 }
/** Positions kept; beyond it, those that have not moved for the longest time go. */
export const STREAMS_MAX = 65_536

/** What a memory channel keeps on disk: positions of streams and state of sinks, never events. */
export interface PositionsLog {
  positions(): ReadonlyMap<string, Position>
  sinkState(sink: string): Buffer | undefined
  /**
   * Takes over a change at once and resolves when it is durable, together with all before it. A
   * change is durable as a whole or not at all. After a rejection the change still stands and goes
   * to disk with the next attempt.
   */
  save(change: PositionsChange): Promise<void>
  readonly syncs: number
  readonly writtenBytes: number
  readonly diskBytes: number
  readonly quarantinedRecords: number
  /** Why the last attempt to write failed; undefined when it did not. */
  readonly problem: string | undefined
  close(): Promise<void>
}

/** Opens `positions.log` in the channel's directory, which it makes and locks. */
export async function openPositionsLog(context: ChannelContext): Promise<PositionsLog> {
  const { disk, directory } = context
  await makeDurableDirectory(disk, directory)
  const lock = await disk.lock(join(directory, 'LOCK'))
  if (lock === undefined) {
    const message = `the memory channel in ${directory} is in use by another process; stop that one or choose another data directory`
    throw new FlumeError('FLM2101', message, { retryable: true, facts: { directory } })
  }
  const log = new FilePositionsLog(context, lock)
  try {
    await log.recover()
  } catch (error) {
    await log.abandon()
    throw error
  }
  return log
}

class FilePositionsLog implements PositionsLog {
  readonly #context: ChannelContext
  readonly #lock: DiskLock
  readonly #path: string
  readonly #positions = new Map<string, Position>()
  readonly #sinkStates = new Map<string, Buffer>()
  #file: DiskFile | undefined
  #end = 0
  #snapshotBytes = 0
  #changedPositions = new Map<string, Position>()
  #changedStates = new Map<string, Buffer>()
  #group: PromiseWithResolvers<void> | undefined
  #timer: Timer | undefined
  #writing: Promise<void> | undefined
  #failures = 0
  #closed = false
  syncs = 0
  writtenBytes = 0
  quarantinedRecords = 0
  problem: string | undefined

  constructor(context: ChannelContext, lock: DiskLock) {
    this.#context = context
    this.#lock = lock
    this.#path = join(context.directory, 'positions.log')
  }

  get diskBytes(): number {
    return this.#end
  }

  positions(): ReadonlyMap<string, Position> {
    return this.#positions
  }

  sinkState(sink: string): Buffer | undefined {
    return this.#sinkStates.get(sink)
  }

  /** What is read here is served, so it is made durable first: it may have been written only. */
  async recover(): Promise<void> {
    const { disk, log } = this.#context
    const size = await disk.size(this.#path)
    if (size === undefined) return
    this.#file = await disk.open(this.#path, 'write')
    const content = Buffer.alloc(size)
    const read = await this.#file.read(content, 0)
    const { changes, end, quarantined } = decodeChanges(content.subarray(0, read), this.#path)
    for (const change of changes) this.#apply(change)
    this.quarantinedRecords = quarantined
    if (quarantined > 0)
      log.error({ path: this.#path, records: quarantined }, 'corrupt positions were left out')
    if (end < read) {
      log.warn({ path: this.#path, bytes: read - end }, 'torn end of the positions was cut off')
      await this.#file.truncate(end)
    }
    await this.#file.datasync()
    this.#end = end
    // A file without a whole header was never in use; the next save writes a new one.
    if (end === 0) await this.#discardFile()
  }

  save(change: PositionsChange): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closedError())
    this.#apply(change)
    for (const [stream, position] of change.positions ?? [])
      this.#changedPositions.set(stream, position)
    for (const [sink, state] of change.sinkStates ?? []) this.#changedStates.set(sink, state)
    if (!this.#dirty) return this.#writing ?? Promise.resolve()
    this.#group ??= Promise.withResolvers()
    this.#group.promise.catch(() => {})
    this.#schedule()
    return this.#group.promise
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.clear()
    this.#timer = undefined
    await this.#writing?.catch(() => {})
    try {
      if (this.#dirty) await this.#flush()
    } finally {
      await this.abandon()
    }
  }

  async abandon(): Promise<void> {
    this.#closed = true
    await this.#discardFile()
    this.#lock.release()
  }

  get #dirty(): boolean {
    return this.#failures > 0 || this.#changedPositions.size > 0 || this.#changedStates.size > 0
  }

  #apply(change: PositionsChange): void {
    for (const [stream, position] of change.positions ?? []) {
      // Deleted first, so that the order of the map is the order of the last moves.
      this.#positions.delete(stream)
      this.#positions.set(stream, position)
    }
    for (const stream of this.#positions.keys()) {
      if (this.#positions.size <= STREAMS_MAX) break
      this.#positions.delete(stream)
    }
    for (const [sink, state] of change.sinkStates ?? []) this.#sinkStates.set(sink, state)
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#writing !== undefined || this.#closed) return
    const { clock, random } = this.#context
    const delayMs = this.#failures === 0 ? SAVE_DELAY_MS : backoffMs(this.#failures, RETRY, random)
    this.#timer = clock.schedule(() => {
      this.#timer = undefined
      this.#flush().catch(() => {})
    }, delayMs)
  }

  /** Writes what has changed; one at a time. Rejects, and its group with it, when that failed. */
  #flush(): Promise<void> {
    const group = this.#group
    this.#group = undefined
    const change = { positions: this.#changedPositions, sinkStates: this.#changedStates }
    this.#changedPositions = new Map()
    this.#changedStates = new Map()
    const writing = this.#write(change)
    this.#writing = writing
    const ended = writing.finally(() => {
      this.#writing = undefined
      if (this.#dirty) this.#schedule()
    })
    if (group !== undefined) ended.then(group.resolve, group.reject)
    return ended
  }

  async #write(change: PositionsChange): Promise<void> {
    try {
      const tooLong = this.#end > Math.max(FILE_BYTES_MAX, 4 * this.#snapshotBytes)
      if (this.#file === undefined || this.#failures > 0 || tooLong) await this.#rewrite()
      else await this.#append(this.#file, encodeChange(change))
      this.#failures = 0
      this.problem = undefined
    } catch (error) {
      // The file is in an unknown state: nothing is written to it again.
      this.#failures++
      throw this.#failed(error)
    }
  }

  async #append(file: DiskFile, bytes: Buffer): Promise<void> {
    const written = await file.write([bytes], this.#end)
    if (written < bytes.length) throw shortWrite(written, bytes.length)
    await file.datasync()
    this.#end += bytes.length
    this.syncs++
    this.writtenBytes += bytes.length
  }

  /** A new file with all there is: written and synced under another name, then renamed. */
  async #rewrite(): Promise<void> {
    const { disk, directory } = this.#context
    const temporary = `${this.#path}.new`
    const snapshot = { positions: this.#positions, sinkStates: this.#sinkStates }
    const content = Buffer.concat([FILE_HEADER, encodeChange(snapshot)])
    await disk.remove(temporary)
    const file = await disk.open(temporary, 'create')
    try {
      const written = await file.write([content], 0)
      if (written < content.length) throw shortWrite(written, content.length)
      await file.datasync()
      await disk.rename(temporary, this.#path)
      await disk.syncDirectory(directory)
    } catch (error) {
      await file.close()
      throw error
    }
    await this.#discardFile()
    this.#file = file
    this.#end = content.length
    this.#snapshotBytes = content.length
    this.syncs++
    this.writtenBytes += content.length
  }

  async #discardFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  #failed(error: unknown): FlumeError {
    const code = systemCode(error)
    const full = code === 'ENOSPC' || code === 'EDQUOT'
    const reason = error instanceof Error ? error.message : String(error)
    this.problem = `writing positions to ${this.#path} failed (${reason}); ${full ? 'free some space' : 'check the disk'}. Until then a crash repeats events`
    this.#context.log.error({ path: this.#path, error }, 'positions could not be written')
    return new FlumeError(full ? 'FLM2202' : 'FLM2201', this.problem, {
      retryable: true,
      cause: error,
      facts: { path: this.#path },
    })
  }

  #closedError(): FlumeError {
    const message = `the memory channel in ${this.#context.directory} is closed and saves nothing more`
    return new FlumeError('FLM2204', message, { retryable: true })
  }
}

function shortWrite(written: number, asked: number): Error {
  return Object.assign(new Error(`only ${written} of ${asked} bytes were written`), {
    code: 'ENOSPC',
  })
}
