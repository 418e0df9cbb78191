import { basename, join } from 'node:path'
import { FlumeError } from '../../core/errors.ts'
import type { Disk, DiskFile } from '../../lib/disk.ts'
import type { Folded } from './fold.ts'
import { SegmentFold } from './fold.ts'
import type { SegmentHeader } from './format.ts'
import {
  CHECKPOINT,
  HEADER_BYTES,
  decodeSegmentHeader,
  saltOf,
  segmentName,
  segmentNumber,
} from './format.ts'
import { SegmentScanner } from './segment-scanner.ts'
import type { ChannelState, SealedSegment } from './state.ts'
import type { Checkpoint } from './state-codec.ts'
import { decodeCheckpoint } from './state-codec.ts'

export interface LogReaderOptions {
  readonly directory: string
  readonly disk: Disk
  readonly readBytes: number
  readonly positionsBytesMax: number
  readonly mode: 'read' | 'write'
}

/** One of the two newest segments, read from its CHECKPOINT on. */
export interface ReadSegment {
  readonly number: number
  readonly file: DiskFile
  readonly sizeBytes: number
  readonly header: SegmentHeader | undefined
  readonly checkpoint: Checkpoint | undefined
  /** undefined when the header is damaged. */
  folded: Folded | undefined
}

/** What a directory with segments holds. Whoever has it closes the files of `read`. */
export interface LogContents {
  readonly channelId: Buffer
  readonly state: ChannelState
  /** All segments that count, oldest first; the newest ends at its last good record. */
  readonly segments: readonly SealedSegment[]
  /** All segment files there are. */
  readonly numbers: readonly number[]
  /** The newest one, after the previous one if that had to stand in for its CHECKPOINT. */
  readonly read: readonly ReadSegment[]
}

/**
 * Reads what the log says (FORMAT.md "Opening"), changing nothing. undefined when there are no segments.
 * Rejects with FLM2102 when neither of the two newest segments can be used, with FLM2103 when a
 * newer version wrote them.
 */
export async function readLog(options: LogReaderOptions): Promise<LogContents | undefined> {
  const { directory, disk } = options
  const numbers: number[] = []
  for (const name of await disk.list(directory)) {
    const number = segmentNumber(name)
    if (number !== undefined) numbers.push(number)
  }
  numbers.sort((a, b) => a - b)
  if (numbers.length === 0) return undefined
  const read: ReadSegment[] = []
  try {
    for (const number of numbers.slice(-2).toReversed()) {
      const segment = await open(options, number)
      read.unshift(segment)
      if (segment.checkpoint !== undefined) break
    }
    return await fold(options, read, numbers)
  } catch (error) {
    for (const { file } of read) await file.close()
    throw error
  }
}

export function scannerOf(
  file: DiskFile,
  header: SegmentHeader,
  options: { readonly end: number; readonly readBytes: number },
): SegmentScanner {
  return new SegmentScanner({
    file,
    salt: saltOf(header),
    end: options.end,
    readBytes: options.readBytes,
    expected: header.firstSequence,
  })
}

/**
 * The header of a segment file; undefined when it is damaged, or that of another segment, as in a copy
 * under a wrong name. Rejects with FLM2103.
 */
export async function readHeader(file: DiskFile, path: string): Promise<SegmentHeader | undefined> {
  const head = Buffer.alloc(HEADER_BYTES)
  await file.read(head, 0)
  const header = decodeSegmentHeader(head)
  if (header !== 'newer')
    return header?.number === segmentNumber(basename(path)) ? header : undefined
  throw new FlumeError(
    'FLM2103',
    `${path} was written by a newer version: use that version, or drain the channel with it first`,
    { retryable: false, facts: { path } },
  )
}

async function open(options: LogReaderOptions, number: number): Promise<ReadSegment> {
  const { directory, disk, mode, readBytes, positionsBytesMax } = options
  const path = join(directory, segmentName(number))
  const file = await disk.open(path, mode)
  try {
    const header = await readHeader(file, path)
    const sizeBytes = await file.size()
    const first = header && (await scannerOf(file, header, { end: sizeBytes, readBytes }).next())
    const valid = first?.kind === 'record' && first.header.type === CHECKPOINT
    const checkpoint = valid ? decodeCheckpoint(first.body, positionsBytesMax) : undefined
    return { number, file, sizeBytes, header, checkpoint, folded: undefined }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function fold(
  options: LogReaderOptions,
  read: readonly ReadSegment[],
  numbers: readonly number[],
): Promise<LogContents> {
  const base = read[0]!
  if (base.checkpoint === undefined || base.header === undefined) throw damaged(options, read)
  const { state } = base.checkpoint
  const segments = [...base.checkpoint.segments]
  for (const [i, segment] of read.entries()) {
    const { header, file, sizeBytes, number } = segment
    if (header === undefined) continue
    const scanner = scannerOf(file, header, { end: sizeBytes, readBytes: options.readBytes })
    // Behind a damaged CHECKPOINT the end of its predecessor is not known; its first sequence is.
    const folded = await new SegmentFold(state, read[i + 1]?.header?.firstSequence).run(scanner)
    segment.folded = folded
    segments.push({
      number,
      firstSequence: header.firstSequence,
      endSequence: state.nextSequence,
      endOffset: folded.endOffset,
      payloadBytes: folded.payloadBytes,
      firstAppendedAtMs: folded.firstAppendedAtMs ?? header.createdAtMs,
    })
  }
  return { channelId: base.header.channelId, state, segments, numbers, read }
}

function damaged(options: LogReaderOptions, read: readonly ReadSegment[]): FlumeError {
  const names = read.map((segment) => segmentName(segment.number)).join(' and ')
  return new FlumeError(
    'FLM2102',
    `the channel in ${options.directory} cannot be opened: ${names} damaged at the beginning. Restore ` +
      `the volume, or move the directory away to start with an empty channel`,
    { retryable: false, facts: { directory: options.directory } },
  )
}
