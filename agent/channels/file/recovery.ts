import { join } from 'node:path'
import { FlumeError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Disk, DiskFile } from '../../lib/disk.ts'
import { bodiesLength, decodeBatchPosition } from './batch-codec.ts'
import type { RecordHeader, SegmentHeader } from './format.ts'
import {
  ACK,
  BATCH,
  CHECKPOINT,
  HEADER_BYTES,
  decodeSegmentHeader,
  recordBytes,
  saltOf,
  segmentName,
  segmentNumber,
} from './format.ts'
import type { FileChannelOptions } from './options.ts'
import type { Quarantine } from './quarantine.ts'
import { SegmentScanner } from './segment-scanner.ts'
import type { ScanItem } from './segment-scanner.ts'
import type { ChannelState, SealedSegment } from './state.ts'
import type { Checkpoint } from './state-codec.ts'
import { decodeAcknowledgement, decodeCheckpoint } from './state-codec.ts'

export interface RecoveryContext {
  readonly directory: string
  readonly disk: Disk
  readonly log: Logger
  readonly options: FileChannelOptions
  readonly quarantine: Quarantine
}

/** What a directory with segments holds. */
export interface Recovered {
  readonly channelId: Buffer
  readonly state: ChannelState
  /** All segments, the newest one sealed at its last good record. */
  readonly segments: readonly SealedSegment[]
  readonly lastNumber: number
}

/** A segment file that was opened for recovery. */
interface Opened {
  readonly number: number
  readonly file: DiskFile
  readonly sizeBytes: number
  readonly header: SegmentHeader | undefined
  readonly checkpoint: Checkpoint | undefined
}

/**
 * Finds out what the log says (FORMAT.md "Opening", steps 1 to 4 but for the roll). undefined when there
 * are no segments. Rejects with FLM2102 when neither of the two newest segments can be used, with
 * FLM2103 when a newer version wrote them; then nothing was changed.
 */
export async function recover(context: RecoveryContext): Promise<Recovered | undefined> {
  const { directory, disk } = context
  const numbers: number[] = []
  for (const name of await disk.list(directory)) {
    const number = segmentNumber(name)
    if (number !== undefined) numbers.push(number)
  }
  numbers.sort((a, b) => a - b)
  if (numbers.length === 0) return undefined
  const opened: Opened[] = []
  try {
    for (const number of numbers.slice(-2).toReversed()) {
      const one = await open(context, number)
      opened.unshift(one)
      if (one.checkpoint !== undefined) break
    }
    return await fold(context, opened, numbers)
  } finally {
    for (const { file } of opened) await file.close()
  }
}

async function open(context: RecoveryContext, number: number): Promise<Opened> {
  const path = join(context.directory, segmentName(number))
  const file = await context.disk.open(path, 'write')
  try {
    const head = Buffer.alloc(HEADER_BYTES)
    await file.read(head, 0)
    const header = decodeSegmentHeader(head)
    if (header === 'newer') {
      throw new FlumeError(
        'FLM2103',
        `${path} was written by a newer version: upgrade, or drain it there`,
        {
          retryable: false,
          facts: { path },
        },
      )
    }
    const sizeBytes = await file.size()
    const scanner = header && scannerOf(context, { file, header, sizeBytes, from: HEADER_BYTES })
    const first = await scanner?.next()
    return { number, file, sizeBytes, header, checkpoint: checkpointOf(context, first) }
  } catch (error) {
    await file.close()
    throw error
  }
}

function checkpointOf(
  context: RecoveryContext,
  first: ScanItem | undefined,
): Checkpoint | undefined {
  if (first?.kind !== 'record' || first.header.type !== CHECKPOINT) return undefined
  return decodeCheckpoint(first.body, context.options.positionsBytesMax)
}

async function fold(
  context: RecoveryContext,
  opened: readonly Opened[],
  numbers: readonly number[],
): Promise<Recovered> {
  const base = opened[0]!
  if (base.checkpoint === undefined || base.header === undefined) throw damaged(context, opened)
  const { state } = base.checkpoint
  const segments = [...base.checkpoint.segments]
  for (const [i, one] of opened.entries()) {
    if (one !== base) await reportDamage(context, one, state)
    if (one.header === undefined) continue
    const newest = i === opened.length - 1
    // Behind a damaged CHECKPOINT the end of its predecessor is not known; its first sequence is.
    const below = opened[i + 1]?.header?.firstSequence ?? Number.MAX_SAFE_INTEGER
    segments.push(await new SegmentFold(context, one, state, { newest, below }).run())
  }
  const listed = new Set(segments.map((segment) => segment.number))
  for (const number of numbers) {
    if (!listed.has(number)) await context.disk.remove(join(context.directory, segmentName(number)))
  }
  return {
    channelId: base.header.channelId,
    state,
    segments,
    lastNumber: numbers.at(-1)!,
  }
}

function damaged(context: RecoveryContext, opened: readonly Opened[]): FlumeError {
  const names = opened.map((one) => segmentName(one.number)).join(' and ')
  return new FlumeError(
    'FLM2102',
    `the channel in ${context.directory} cannot be opened: ${names} are damaged at their beginning. Restore ` +
      `the volume, or move the directory away to start with an empty channel; "flume channel verify" says what it holds`,
    { retryable: false, facts: { directory: context.directory } },
  )
}

/** The CHECKPOINT of a segment was damaged, and the one before it stood in. */
async function reportDamage(
  context: RecoveryContext,
  one: Opened,
  state: ChannelState,
): Promise<void> {
  context.log.error(
    { code: 'FLM2301', segment: segmentName(one.number) },
    'the checkpoint of the newest segment is damaged: the previous one is used',
  )
  if (one.header !== undefined) return
  if (await context.quarantine.keep(one.file, one.number, 0, one.sizeBytes)) {
    state.quarantinedRecords++
  }
}

function scannerOf(
  context: RecoveryContext,
  segment: { file: DiskFile; header: SegmentHeader; sizeBytes: number; from: number },
): SegmentScanner {
  return new SegmentScanner({
    file: segment.file,
    salt: saltOf(segment.header),
    from: segment.from,
    end: segment.sizeBytes,
    readBytes: context.options.readBytes,
    expected: segment.header.firstSequence,
  })
}

/** Folds the records of one segment into the state and cuts its torn end off. */
class SegmentFold {
  readonly #context: RecoveryContext
  readonly #segment: Opened
  readonly #header: SegmentHeader
  readonly #state: ChannelState
  readonly #bounds: { readonly newest: boolean; readonly below: number }
  #payloadBytes = 0
  #firstAppendedAtMs: number | undefined
  #endOffset = HEADER_BYTES
  /** What was met since the first damage; whether it counts is known at the end. */
  #doubtful: ScanItem[] = []
  #durableUpTo = 0
  readonly #gaps: { from: number; to: number }[] = []

  constructor(
    context: RecoveryContext,
    segment: Opened,
    state: ChannelState,
    bounds: { readonly newest: boolean; readonly below: number },
  ) {
    this.#context = context
    this.#segment = segment
    this.#header = segment.header!
    this.#state = state
    this.#bounds = bounds
  }

  async run(): Promise<SealedSegment> {
    const { file, sizeBytes, number } = this.#segment
    const scanner = scannerOf(this.#context, {
      file,
      header: this.#header,
      sizeBytes,
      from: HEADER_BYTES,
    })
    for (let item = await scanner.next(); item !== undefined; item = await scanner.next()) {
      const header = item.header
      if (header !== undefined && header.firstSequence >= this.#bounds.below) {
        const past = header.type === BATCH || header.firstSequence > this.#bounds.below
        if (past) break
      }
      if (header !== undefined) this.#durableUpTo = Math.max(this.#durableUpTo, header.durableUpTo)
      if (item.kind === 'damage' || this.#doubtful.length > 0) this.#doubtful.push(item)
      else this.#apply(item.header, item.body)
    }
    await this.#settleDoubtful()
    if (!this.#bounds.newest) this.#skip(this.#bounds.below)
    this.#countLost()
    await this.#cut()
    return {
      number,
      firstSequence: this.#header.firstSequence,
      endSequence: this.#state.nextSequence,
      endOffset: this.#endOffset,
      payloadBytes: this.#payloadBytes,
      firstAppendedAtMs: this.#firstAppendedAtMs ?? this.#header.createdAtMs,
    }
  }

  async #settleDoubtful(): Promise<void> {
    for (const item of this.#doubtful) {
      if (item.kind === 'record') {
        this.#apply(item.header, item.body)
        continue
      }
      // Torn: written and never synced, or cut short by a crash. Nobody was told that it is there.
      if (item.from >= this.#durableUpTo) break
      const { quarantine } = this.#context
      const { file, number } = this.#segment
      if (await quarantine.keep(file, number, item.from, item.to)) this.#state.quarantinedRecords++
      this.#endOffset = item.to
    }
  }

  #apply(header: RecordHeader, body: Buffer): void {
    this.#endOffset = header.offset + recordBytes(body.length)
    // The CHECKPOINT that the fold began with is in the state already; a later one repeats it.
    if (header.type === CHECKPOINT) return
    this.#skip(header.firstSequence)
    if (header.type === BATCH) {
      this.#state.applyBatch(header.count, decodeBatchPosition(header, body))
      this.#payloadBytes += bodiesLength(header, body)
      this.#firstAppendedAtMs ??= header.appendedAtMs
    } else if (header.type === ACK) {
      this.#state.applyAcknowledgement(decodeAcknowledgement(body))
    }
  }

  /** No valid record holds the events below `sequence`. */
  #skip(sequence: number): void {
    if (sequence <= this.#state.nextSequence) return
    this.#gaps.push({ from: this.#state.nextSequence, to: sequence })
    this.#state.nextSequence = sequence
  }

  /** What was acknowledged by a later record is no loss; the rest of the gaps is. */
  #countLost(): void {
    for (const { from, to } of this.#gaps) {
      const events = this.#state.backlog().countIn(from, to)
      this.#state.lostEvents += events
      this.#state.acknowledge(from, to)
      if (events === 0) continue
      this.#context.log.error(
        { code: 'FLM2301', events, segment: segmentName(this.#segment.number) },
        'events were lost to corrupt bytes in a segment',
      )
    }
  }

  async #cut(): Promise<void> {
    const { file, sizeBytes, number } = this.#segment
    const tornBytes = sizeBytes - this.#endOffset
    if (tornBytes > 0) {
      this.#context.log.warn(
        { segment: segmentName(number), offset: this.#endOffset, bytes: tornBytes },
        'the unfinished end of a segment was cut off',
      )
      await file.truncate(this.#endOffset)
    }
    // After SIGKILL the end may be in the page cache alone; it must not be served before it is durable.
    await file.datasync()
  }
}
