import { join } from 'node:path'
import type { Batch } from '../../core/batch.ts'
import { slice } from '../../core/batch.ts'
import { FlumeError } from '../../core/errors.ts'
import type { Disk, DiskFile } from '../../lib/disk.ts'
import { decodeBatch } from './batch-codec.ts'
import { BATCH, saltOf, segmentName, streamOf } from './format.ts'
import type { IndexTable } from './index-table.ts'
import { readHeader } from './log-reader.ts'
import type { Quarantine } from './quarantine.ts'
import type { ScanItem } from './segment-scanner.ts'
import { SegmentScanner } from './segment-scanner.ts'
import type { SealedSegment } from './state.ts'

export interface ReaderContext {
  readonly directory: string
  readonly disk: Disk
  readonly readBytes: number
  readonly index: IndexTable
  readonly quarantine: Quarantine
  /** The segments there are now, oldest first. */
  readonly segments: () => readonly SealedSegment[]
  /** Called for each stretch of corrupt bytes that was quarantined. */
  readonly quarantined: () => void
}

/** What stands at a sequence: events from there on, or that they are lost up to (not including) one. */
export type ReadResult = { readonly batch: Batch } | { readonly lostTo: number }

interface OpenScan {
  readonly segment: number
  readonly file: DiskFile
  readonly stream: string
  readonly scanner: SegmentScanner
  /** Events below were passed. */
  passed: number
}

/**
 * Reads events back from the segments. Sequential reading costs one pass over the bytes; another place
 * is found by the index. One call at a time.
 */
export class BacklogReader {
  readonly #context: ReaderContext
  #scan: OpenScan | undefined
  /** The record read last: its events may be asked for in pieces. */
  #last: Batch | undefined

  constructor(context: ReaderContext) {
    this.#context = context
  }

  /** Events from `sequence` on, as far as its record goes. `sequence` is committed. */
  async read(sequence: number): Promise<ReadResult> {
    const last = this.#last
    if (last !== undefined && contains(last, sequence)) return { batch: cut(last, sequence) }
    const segments = this.#context.segments()
    const segment = segments.find((each) => sequence < each.endSequence)
    if (segment === undefined) {
      throw new FlumeError('FLM9001', `no segment holds event ${sequence}`, { retryable: false })
    }
    if (sequence < segment.firstSequence) return { lostTo: segment.firstSequence }
    try {
      const scan = await this.#scanAt(segment, sequence)
      if (scan === undefined) return { lostTo: segment.endSequence }
      scan.scanner.end = segment.endOffset
      return await this.#scanTo(scan, sequence, segment.endSequence)
    } catch (error) {
      await this.close().catch(() => {})
      throw readFailed(join(this.#context.directory, segmentName(segment.number)), error)
    }
  }

  async close(): Promise<void> {
    const scan = this.#scan
    this.#scan = undefined
    this.#last = undefined
    await scan?.file.close()
  }

  async #scanTo(scan: OpenScan, sequence: number, endSequence: number): Promise<ReadResult> {
    for (;;) {
      const item = await scan.scanner.next(sequence)
      if (item === undefined) return { lostTo: endSequence }
      if (item.kind === 'damage') {
        await this.#quarantine(scan, item)
        continue
      }
      const { header } = item
      if (header.type !== BATCH) continue
      scan.passed = header.firstSequence + header.count
      this.#context.index.note(scan.segment, header.firstSequence, header.offset)
      if (scan.passed <= sequence) continue
      this.#last = decodeBatch(header, item.body, scan.stream)
      if (header.firstSequence > sequence) return { lostTo: header.firstSequence }
      return { batch: cut(this.#last, sequence) }
    }
  }

  async #quarantine(scan: OpenScan, item: ScanItem & { kind: 'damage' }): Promise<void> {
    const { quarantine, quarantined } = this.#context
    if (await quarantine.keep(scan.file, scan.segment, item.from, item.to)) quarantined()
  }

  /** A scan of the segment that has not passed `sequence`; undefined when the segment is unreadable. */
  async #scanAt(segment: SealedSegment, sequence: number): Promise<OpenScan | undefined> {
    const open = this.#scan
    if (open !== undefined && open.segment === segment.number && open.passed <= sequence)
      return open
    await this.close()
    const { directory, disk, readBytes, index } = this.#context
    const path = join(directory, segmentName(segment.number))
    const file = await openOrMissing(disk, path)
    if (file === undefined) {
      this.#context.quarantined()
      return undefined
    }
    const header = await readHeader(file, path)
    if (header === undefined) {
      const { quarantine, quarantined } = this.#context
      if (await quarantine.keep(file, segment.number, 0, segment.endOffset)) quarantined()
      await file.close()
      return undefined
    }
    const place = index.find(segment.number, sequence)
    const scanner = new SegmentScanner({
      file,
      salt: saltOf(header),
      ...(place === undefined ? {} : { from: place.offset }),
      end: segment.endOffset,
      readBytes,
      expected: place?.sequence ?? header.firstSequence,
    })
    const passed = place?.sequence ?? header.firstSequence
    this.#scan = { segment: segment.number, file, stream: streamOf(header), scanner, passed }
    return this.#scan
  }
}

async function openOrMissing(disk: Disk, path: string): Promise<DiskFile | undefined> {
  if ((await disk.size(path)) === undefined) return undefined
  return disk.open(path, 'read')
}

function readFailed(path: string, cause: unknown): FlumeError {
  if (cause instanceof FlumeError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  return new FlumeError('FLM2205', `reading ${path} failed: ${message}`, {
    retryable: true,
    cause,
    facts: { path },
  })
}

function contains(batch: Batch, sequence: number): boolean {
  const first = batch.ids!.first
  return sequence >= first && sequence < first + batch.count
}

function cut(batch: Batch, sequence: number): Batch {
  return slice(batch, sequence - batch.ids!.first, batch.count)
}
