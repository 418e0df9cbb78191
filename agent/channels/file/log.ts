import { join } from 'node:path'
import { FlumeError, systemCode } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Disk, DiskFile } from '../../lib/disk.ts'
import type { Random } from '../../lib/random.ts'
import type { SegmentHeader } from './format.ts'
import { CHECKPOINT, HEADER_BYTES, encodeSegmentHeader, segmentName } from './format.ts'
import type { FileChannelOptions } from './options.ts'
import { Reserve } from './reserve.ts'
import { Spares } from './spares.ts'
import type { Spare } from './spares.ts'
import { OpenSegment, plainRecord, shortWrite } from './segment.ts'
import type { PendingRecord, Placed } from './segment.ts'
import type { ChannelState, SealedSegment } from './state.ts'
import { encodeCheckpoint } from './state-codec.ts'

export interface LogContext {
  readonly directory: string
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly options: FileChannelOptions
}

/** A file that becomes a segment. */
interface Prepared {
  readonly file: DiskFile
  readonly path: string
  /** Set when it is a file of the reserve. */
  readonly bytesMax: number | undefined
  /** Bytes the file takes on the disk already. */
  readonly allocatedBytes: number
}

/**
 * The segments of a channel: writes the newest, rolls, seals, deletes, and keeps the reserve. One
 * caller at a time: the writer.
 */
export class Log {
  /** Called when a segment was deleted and its bytes are free. */
  onRemoved: () => void = () => {}
  readonly #context: LogContext
  readonly #channelId: Buffer
  readonly #epoch: Buffer
  readonly #reserve: Reserve
  readonly #spares: Spares
  #sealed: SealedSegment[]
  #current: OpenSegment | undefined
  #lastNumber: number
  #full = false
  #allocatedBytes = 0
  #syncs = 0
  #writtenBytes = 0

  constructor(
    context: LogContext,
    found: {
      readonly channelId: Buffer
      readonly segments: readonly SealedSegment[]
      readonly lastNumber: number
    },
  ) {
    this.#context = context
    this.#channelId = found.channelId
    this.#epoch = context.random.bytes(8)
    this.#sealed = [...found.segments]
    this.#lastNumber = found.lastNumber
    const { disk, directory, log, options } = context
    this.#reserve = new Reserve(disk, directory, options.reserveFileBytes)
    const { segmentBytes } = options
    const onRemoved = (): void => this.onRemoved()
    this.#spares = new Spares({ disk, directory, log, segmentBytes, onRemoved })
  }

  /** All segments, oldest first, the one being written last. */
  get segments(): readonly SealedSegment[] {
    return this.#current === undefined ? this.#sealed : [...this.#sealed, this.#current.sealed()]
  }

  /** Whether the disk had no room and appends have to wait. */
  get full(): boolean {
    return this.#full
  }

  get syncs(): number {
    return this.#syncs
  }

  get writtenBytes(): number {
    return this.#writtenBytes
  }

  /** Bytes on the disk that hold nothing and can be had. Part of `diskBytes`. */
  get idleBytes(): number {
    return this.#spares.bytes
  }

  /** Bytes on disk, reserve included. */
  get diskBytes(): number {
    let bytes = this.#reserve.bytes + this.idleBytes
    if (this.#current !== undefined)
      bytes += Math.max(this.#current.endOffset, this.#allocatedBytes)
    for (const segment of this.#sealed) bytes += segment.endOffset
    return bytes
  }

  /**
   * Whether `bytes` more belong into the segment being written. One that holds nothing yet takes a
   * `single` record of any size.
   */
  hasRoom(bytes: number, single: boolean): boolean {
    const current = this.#current
    if (current === undefined) return false
    const { segmentBytes } = this.#context.options
    const bytesMax = this.#full ? (current.bytesMax ?? segmentBytes) : segmentBytes
    return current.endOffset + bytes <= bytesMax || (single && current.fresh)
  }

  /** The segment being written: its number, and the first half of the ids of its events. */
  get current(): { readonly segmentNumber: number; readonly stream: string } {
    return { segmentNumber: this.#current!.header.number, stream: this.#current!.stream }
  }

  /** What checksums of the segment being written start from; undefined while there is none. */
  get salt(): number | undefined {
    return this.#current?.salt
  }

  /** Makes the records durable; see OpenSegment.write. After a rejection: `seal`. */
  async write(records: readonly PendingRecord[]): Promise<Placed[]> {
    const current = this.#current
    if (current === undefined) {
      throw new FlumeError('FLM2201', `the channel in ${this.#context.directory} has no segment`, {
        retryable: true,
      })
    }
    const before = current.endOffset
    const placed = await current.write(records, () => this.#syncs++)
    this.#writtenBytes += current.endOffset - before
    return placed
  }

  /** A write failed: nothing is written to that segment any more, and on a full disk appends wait. */
  async seal(reason: unknown): Promise<void> {
    if (isDiskFull(reason)) this.#full = true
    const current = this.#current
    if (current === undefined) return
    this.#sealed.push(current.sealed())
    this.#current = undefined
    if (this.#allocatedBytes > current.endOffset + this.#context.options.recordBytesMax)
      await current.cut()
    await current.close().catch(() => {})
  }

  /**
   * Starts a new segment in the five steps of FORMAT.md. Rejects when the disk does not let it; then
   * nothing is open for writing and the caller tries again later.
   */
  async roll(state: ChannelState): Promise<void> {
    if (this.#current !== undefined) await this.seal(undefined)
    const number = ++this.#lastNumber
    const header: SegmentHeader = {
      id: this.#context.random.bytes(16),
      channelId: this.#channelId,
      epoch: this.#epoch,
      firstSequence: state.nextSequence,
      number,
      createdAtMs: this.#context.clock.now(),
    }
    const head = encodeSegmentHeader(header)
    const made = await this.#prepare(number, head)
    const segment = new OpenSegment(made.file, header, {
      endOffset: HEADER_BYTES,
      bytesMax: made.bytesMax,
    })
    const path = join(this.#context.directory, segmentName(number))
    try {
      const body = encodeCheckpoint({ state, segments: this.#sealed })
      const at = { nextSequence: state.nextSequence, nowMs: header.createdAtMs }
      await segment.write([plainRecord(CHECKPOINT, body, at)], () => this.#syncs++)
      await this.#context.disk.rename(made.path, path)
      await this.#context.disk.syncDirectory(this.#context.directory)
      this.#syncs++
    } catch (error) {
      if (isDiskFull(error)) this.#full = true
      await segment.close().catch(() => {})
      await this.#undo(made, path)
      throw error
    }
    this.#writtenBytes += segment.endOffset
    this.#current = segment
    this.#allocatedBytes = made.allocatedBytes
    await this.discard(state)
  }

  /** Deletes segments whose events are all acknowledged, but for the newest two. */
  async discard(state: ChannelState): Promise<void> {
    const kept: SealedSegment[] = []
    for (const [i, segment] of this.#sealed.entries()) {
      const previous = i === this.#sealed.length - 1
      if (previous || holdsBacklog(segment, state)) kept.push(segment)
      else await this.#drop(segment)
    }
    const freed = kept.length < this.#sealed.length
    this.#sealed = kept
    if (freed && this.#full) await this.refill()
  }

  /** Whether the predecessor is kept although its events are all acknowledged: a roll would free it. */
  holdsDone(state: ChannelState): boolean {
    const previous = this.#sealed.at(-1)
    if (previous === undefined || this.#current === undefined) return false
    return previous.endSequence > previous.firstSequence && previous.endSequence <= state.floor
  }

  /** Tries to complete the reserve; when it is complete the disk counts as not full. */
  async refill(): Promise<void> {
    try {
      if (this.#full) await this.#spares.giveUp(this.#reserve)
      await this.#reserve.fill()
      if (this.#full) this.#context.log.info({}, 'the disk has room again')
      this.#full = false
    } catch (error) {
      if (!isDiskFull(error)) this.#context.log.warn({ error }, 'the reserve could not be written')
      this.#full = true
    }
  }

  /** Deletes the spare segments: somebody waits for their room. */
  releaseSpares(): void {
    this.#spares.release()
  }

  /** Looks for reserve files on disk, and deletes old spares; before the first roll. */
  async loadReserve(state: ChannelState): Promise<void> {
    await this.#spares.load()
    const newest = this.#sealed.at(-1)
    await this.#reserve.load((number) => {
      const segment = this.#sealed.find((each) => each.number === number)
      return segment !== undefined && (segment === newest || holdsBacklog(segment, state))
    })
  }

  async close(): Promise<void> {
    await this.#spares.removed
    await this.#current?.close()
    this.#current = undefined
  }

  /** A file for the next segment with its header written: a new one, else one of the reserve. */
  async #prepare(number: number, head: Buffer): Promise<Prepared> {
    const { disk, directory, log } = this.#context
    const path = join(directory, segmentName(number).replace('.seg', '.tmp'))
    if (!this.#full) {
      try {
        const spare = this.#spares.take()
        return await (spare === undefined
          ? this.#create(path, head)
          : this.#reuse(spare, path, head))
      } catch (error) {
        if (!isDiskFull(error)) throw error
        this.#full = true
        log.warn({ directory }, 'the disk is full: appends wait, sinks go on')
      }
    }
    const reserved = this.#reserve.take()
    // Without a reserve there is nothing to lose in trying.
    if (reserved === undefined) return this.#create(path, head)
    let file: DiskFile | undefined
    try {
      file = await disk.open(reserved, 'write')
      await writeHead(file, head)
      const { fileBytes } = this.#reserve
      return { file, path: reserved, bytesMax: fileBytes, allocatedBytes: 0 }
    } catch (error) {
      this.#reserve.giveBack(reserved)
      await file?.close().catch(() => {})
      throw error
    }
  }

  /** The old content stays behind what is written: its checksums belong to another segment. */
  async #reuse(spare: Spare, path: string, head: Buffer): Promise<Prepared> {
    await this.#context.disk.rename(spare.path, path)
    return this.#begin(path, head, { mode: 'write', allocatedBytes: spare.bytes })
  }

  #create(path: string, head: Buffer): Promise<Prepared> {
    return this.#begin(path, head, { mode: 'create', allocatedBytes: 0 })
  }

  async #begin(
    path: string,
    head: Buffer,
    from: { readonly mode: 'create' | 'write'; readonly allocatedBytes: number },
  ): Promise<Prepared> {
    const file = await this.#context.disk.open(path, from.mode)
    try {
      await writeHead(file, head)
      return { file, path, bytesMax: undefined, allocatedBytes: from.allocatedBytes }
    } catch (error) {
      await file.close().catch(() => {})
      await this.#context.disk.remove(path).catch(() => {})
      throw error
    }
  }

  /** After a failed roll. Best effort: what stays behind is unlisted and removed at the next open. */
  async #undo(made: Prepared, path: string): Promise<void> {
    const { disk } = this.#context
    if (made.bytesMax === undefined) {
      await disk.remove(made.path).catch(() => {})
      await disk.remove(path).catch(() => {})
      return
    }
    await disk.rename(path, made.path).catch(() => {})
    const size = await disk.size(made.path).catch(() => undefined)
    if (size === this.#reserve.fileBytes) this.#reserve.giveBack(made.path)
  }

  async #drop(segment: SealedSegment): Promise<void> {
    const { disk, directory, log } = this.#context
    const path = join(directory, segmentName(segment.number))
    try {
      const size = (await disk.size(path)) ?? 0
      if (await this.#reserve.recycle(path, size)) return
      if (!this.#full && (await this.#spares.keep({ path, bytes: size }))) return
    } catch (error) {
      // The next open removes it: it is listed nowhere any more.
      log.warn({ error, path }, 'a segment that is not needed could not be put aside')
      return
    }
    this.#spares.remove({ path, bytes: segment.endOffset })
    // On a full disk the room is needed now.
    if (this.#full) await this.#spares.removed
  }
}

/** Whether an event of the segment is not acknowledged. */
function holdsBacklog(segment: SealedSegment, state: ChannelState): boolean {
  return segment.endSequence > segment.firstSequence && segment.endSequence > state.floor
}

async function writeHead(file: DiskFile, head: Buffer): Promise<void> {
  const written = await file.write([head], 0)
  if (written < head.length) throw shortWrite(written, head.length)
}

/** Whether an error means that the disk, or our quota on it, has no room. */
export function isDiskFull(error: unknown): boolean {
  const code = error instanceof FlumeError ? error.code : systemCode(error)
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'FLM2202'
}
