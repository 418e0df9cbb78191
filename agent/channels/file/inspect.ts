import { join } from 'node:path'
import type { Disk } from '../../lib/disk.ts'
import type { Intervals } from '../../lib/intervals.ts'
import { decodeBatchOrigin } from './batch-codec.ts'
import type { RecordHeader } from './format.ts'
import { ACK, BATCH, CHECKPOINT, segmentName, segmentNumber, streamOf } from './format.ts'
import type { LogContents } from './log-reader.ts'
import { readHeader, readLog, scannerOf } from './log-reader.ts'
import type { ScanItem } from './segment-scanner.ts'
import type { SealedSegment } from './state.ts'
import { decodeAcknowledgement, decodeCheckpoint } from './state-codec.ts'

/** `flume channel verify` and `flume channel dump`. They read only. */

const READ_BYTES = 2 ** 20

export interface CorruptRecord {
  readonly segment: string
  readonly offset: number
  readonly bytes: number
  /** Events of the backlog that were in these bytes, as far as the sequence tells. */
  readonly eventsLost: number
  readonly reason: string
}

export interface VerifyReport {
  readonly ok: boolean
  readonly segments: readonly {
    readonly segment: string
    readonly records: number
    readonly events: number
    readonly bytes: number
  }[]
  readonly records: number
  readonly events: number
  readonly backlogEvents: number
  readonly corruptRecords: readonly CorruptRecord[]
  /** Bytes at the end that a crash left unfinished: no damage, the next open cuts them off. */
  readonly tornBytes: number
  /** Lost to corrupt bytes, those counted at earlier opens included. */
  readonly lostEvents: number
}

export interface DumpLine {
  readonly segment: string
  readonly offset: number
  readonly type: 'SEGMENT' | 'BATCH' | 'ACK' | 'CHECKPOINT' | 'END' | 'DAMAGE'
  readonly text: string
}

/**
 * Checks every record of a channel, also of one that is open: then the newest records may be missing in
 * the report. undefined when the directory holds no channel. Errors as `readLog`.
 */
export async function verifyChannel(
  disk: Disk,
  directory: string,
): Promise<VerifyReport | undefined> {
  const contents = await readLog({
    directory,
    disk,
    readBytes: READ_BYTES,
    positionsBytesMax: Number.MAX_SAFE_INTEGER,
    mode: 'read',
  })
  if (contents === undefined) return undefined
  try {
    return await verify(disk, directory, contents)
  } finally {
    for (const { file } of contents.read) await file.close()
  }
}

async function verify(disk: Disk, directory: string, contents: LogContents): Promise<VerifyReport> {
  const { state } = contents
  const checks: SegmentCheck[] = []
  for (const segment of contents.segments) {
    const check = new SegmentCheck(segment, state.backlog())
    await check.run(disk, directory)
    checks.push(check)
  }
  const corruptRecords = checks.flatMap((check) => check.corrupt)
  const newest = contents.read.at(-1)!
  if (newest.header === undefined) {
    corruptRecords.push({
      segment: segmentName(newest.number),
      offset: 0,
      bytes: newest.sizeBytes,
      eventsLost: 0,
      reason: 'the header of the segment is damaged',
    })
  }
  const present = checks.filter((check) => !check.gone)
  const sum = (of: (check: SegmentCheck) => number): number =>
    checks.reduce((total, check) => total + of(check), 0)
  const lost = sum((check) => check.corrupt.reduce((total, each) => total + each.eventsLost, 0))
  return {
    ok: corruptRecords.length === 0,
    segments: present.map(({ segment, records, events }) => ({
      segment: segmentName(segment.number),
      records,
      events,
      bytes: segment.endOffset,
    })),
    records: sum((check) => check.records),
    events: sum((check) => check.events),
    backlogEvents: state.backlog().size - lost,
    corruptRecords,
    tornBytes: newest.folded?.torn === true ? newest.sizeBytes - newest.folded.endOffset : 0,
    lostEvents: state.lostEvents + lost,
  }
}

/** Reads one segment to its end and notes what is damaged. */
class SegmentCheck {
  readonly segment: SealedSegment
  readonly corrupt: CorruptRecord[] = []
  records = 0
  events = 0
  /** Deleted after the last checkpoint, all its events being acknowledged. */
  gone = false
  readonly #backlog: Intervals
  #expected: number
  /** Damage behind which no valid record stood yet: the gap is not known. */
  #open: { readonly item: ScanItem & { kind: 'damage' } } | undefined

  constructor(segment: SealedSegment, backlog: Intervals) {
    this.segment = segment
    this.#backlog = backlog
    this.#expected = segment.firstSequence
  }

  async run(disk: Disk, directory: string): Promise<void> {
    const path = join(directory, segmentName(this.segment.number))
    if ((await disk.size(path)) === undefined) {
      this.#missing('the segment is missing')
      return
    }
    const file = await disk.open(path, 'read')
    try {
      const header = await readHeader(file, path)
      if (header === undefined) {
        this.#missing('the header of the segment is damaged')
        return
      }
      const scanner = scannerOf(file, header, {
        end: this.segment.endOffset,
        readBytes: READ_BYTES,
      })
      for (let item = await scanner.next(); item !== undefined; item = await scanner.next())
        this.#see(item)
      this.#close(this.segment.endSequence)
    } finally {
      await file.close()
    }
  }

  #see(item: ScanItem): void {
    if (item.kind === 'damage') {
      this.#close(item.header?.firstSequence ?? this.#expected)
      this.#open = { item }
      return
    }
    this.#close(item.header.firstSequence)
    this.records++
    if (item.header.type !== BATCH) return
    this.events += item.header.count
    this.#expected = item.header.firstSequence + item.header.count
  }

  /** The next event that is there is `sequence`: the damage before it, if any, held those up to it. */
  #close(sequence: number): void {
    const open = this.#open
    this.#open = undefined
    if (open === undefined) return
    const { item } = open
    this.corrupt.push({
      segment: segmentName(this.segment.number),
      offset: item.from,
      bytes: item.to - item.from,
      eventsLost: this.#backlog.countIn(this.#expected, sequence),
      reason: item.header === undefined ? 'no valid record header' : 'wrong checksum of the body',
    })
    this.#expected = Math.max(this.#expected, sequence)
  }

  #missing(reason: string): void {
    const { firstSequence, endSequence, endOffset, number } = this.segment
    const eventsLost = this.#backlog.countIn(firstSequence, endSequence)
    this.gone = eventsLost === 0
    if (this.gone) return
    const segment = segmentName(number)
    this.corrupt.push({ segment, offset: 0, bytes: endOffset, eventsLost, reason })
  }
}

/** A line per segment and record, in order. For people; segments that do not count are shown too. */
export async function* dumpChannel(disk: Disk, directory: string): AsyncGenerator<DumpLine> {
  for (const segment of await disk.list(directory)) {
    if (segmentNumber(segment) === undefined) continue
    const path = join(directory, segment)
    const file = await disk.open(path, 'read')
    try {
      const header = await readHeader(file, path)
      if (header === undefined) {
        yield { segment, offset: 0, type: 'DAMAGE', text: 'the header is damaged' }
        continue
      }
      const text = `epoch ${header.epoch.toString('hex')}  stream ${streamOf(header)}  sequences from ${header.firstSequence}`
      yield { segment, offset: 0, type: 'SEGMENT', text }
      const scanner = scannerOf(file, header, { end: await file.size(), readBytes: READ_BYTES })
      for (let item = await scanner.next(); item !== undefined; item = await scanner.next())
        yield { segment, ...describe(item) }
    } finally {
      await file.close()
    }
  }
}

function describe(item: ScanItem): Omit<DumpLine, 'segment'> {
  if (item.kind === 'damage') {
    return { offset: item.from, type: 'DAMAGE', text: `${item.to - item.from} bytes` }
  }
  const { header, body } = item
  const { offset } = header
  if (header.type === BATCH) return { offset, type: 'BATCH', text: describeBatch(header, body) }
  if (header.type === ACK) {
    const ack = decodeAcknowledgement(body)
    const ranges = ack.ranges.map(({ from, to }) => `${from}..${to - 1}`).join(' ')
    const states = [...ack.sinkStates.keys()].join(' ')
    const text = `ranges ${ranges || 'none'}  states ${states || 'none'}  positions ${ack.positions.length}`
    return { offset, type: 'ACK', text }
  }
  if (header.type === CHECKPOINT) {
    const { state, segments } = decodeCheckpoint(body, Number.MAX_SAFE_INTEGER)
    const text = `next ${state.nextSequence}  floor ${state.floor}  ranges ${state.acknowledged.count}  segments ${segments.length}  positions ${state.positions.size}  senders ${state.senders.size}  states ${state.sinkStates.size}`
    return { offset, type: 'CHECKPOINT', text }
  }
  return { offset, type: 'END', text: 'closed in order' }
}

function describeBatch(header: RecordHeader, body: Buffer): string {
  const last = header.firstSequence + header.count - 1
  const { position, range } = decodeBatchOrigin(header, body) ?? {}
  let at = ''
  if (position !== undefined) at = `  ${position.stream} at ${position.offset}`
  if (range !== undefined)
    at = `  ${range.stream} ${range.from}..${range.to - 1} floor ${range.floor}`
  return `${header.firstSequence}..${last}  ${header.count} events  ${body.length} bytes${at}`
}
