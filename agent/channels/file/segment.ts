import { FlumeError } from '../../core/errors.ts'
import type { DiskFile } from '../../lib/disk.ts'
import { crcOfBody } from './batch-codec.ts'
import type { EncodedBatch } from './batch-codec.ts'
import type { RecordType, SegmentHeader } from './format.ts'
import { encodeRecordHeader, recordBytes, saltOf, streamOf } from './format.ts'
import { RECORD_HEADER_BYTES } from './format.ts'
import type { SealedSegment } from './state.ts'

/** A record that waits for its place. */
export interface PendingRecord {
  readonly type: RecordType
  readonly encoded: EncodedBatch
  readonly firstSequence: number
  readonly count: number
  readonly appendedAtMs: number
}

/** Where a record came to lie. */
export interface Placed {
  readonly offset: number
  readonly firstSequence: number
}

/** A record without events: the body of an ACK, CHECKPOINT or END. */
export function plainRecord(
  type: RecordType,
  body: Buffer,
  at: { readonly nextSequence: number; readonly nowMs: number },
): PendingRecord {
  const bytes = Buffer.alloc(recordBytes(body.length))
  body.copy(bytes, RECORD_HEADER_BYTES)
  return {
    type,
    encoded: { pieces: [bytes], bodyLength: body.length, flags: 0 },
    firstSequence: at.nextSequence,
    count: 0,
    appendedAtMs: at.nowMs,
  }
}

/**
 * The segment that is written. `endOffset` is what is durable; after a failed `write` nothing more
 * is written to it, ever.
 */
export class OpenSegment {
  readonly header: SegmentHeader
  readonly stream: string
  readonly #file: DiskFile
  readonly salt: number
  /** Bytes that were allocated before: what a segment made of a reserve file may use. */
  readonly bytesMax: number | undefined
  #endOffset: number
  #endSequence: number
  #payloadBytes = 0
  #firstAppendedAtMs: number
  #writes = 0

  constructor(
    file: DiskFile,
    header: SegmentHeader,
    options: { readonly endOffset: number; readonly bytesMax: number | undefined },
  ) {
    this.#file = file
    this.header = header
    this.stream = streamOf(header)
    this.salt = saltOf(header)
    this.#endOffset = options.endOffset
    this.#endSequence = header.firstSequence
    this.bytesMax = options.bytesMax
    this.#firstAppendedAtMs = header.createdAtMs
  }

  get endOffset(): number {
    return this.#endOffset
  }

  /** Whether it holds its CHECKPOINT and nothing else. */
  get fresh(): boolean {
    return this.#writes <= 1
  }

  /**
   * Writes the records as one write and syncs. Resolves to their places once they are durable.
   * Rejects with FLM2201 or FLM2202 when the write failed, was short, or the sync failed.
   */
  async write(records: readonly PendingRecord[], onSync: () => void): Promise<Placed[]> {
    const buffers: Buffer[] = []
    const placed: Placed[] = []
    let at = this.#endOffset
    for (const record of records) {
      const { pieces, bodyLength, flags } = record.encoded
      encodeRecordHeader(
        pieces[0]!,
        {
          type: record.type,
          flags,
          bodyLength,
          bodyCrc: crcOfBody(record.encoded, this.salt),
          firstSequence: record.firstSequence,
          count: record.count,
          appendedAtMs: record.appendedAtMs,
          durableUpTo: this.#endOffset,
          offset: at,
        },
        this.salt,
      )
      for (const piece of pieces) if (piece.length > 0) buffers.push(piece)
      placed.push({ offset: at, firstSequence: record.firstSequence })
      at += recordBytes(bodyLength)
    }
    await this.#writeAndSync(buffers, at - this.#endOffset, onSync)
    this.#endOffset = at
    this.#writes++
    for (const record of records) {
      this.#endSequence = Math.max(this.#endSequence, record.firstSequence + record.count)
      if (record.count === 0) continue
      if (this.#payloadBytes === 0) this.#firstAppendedAtMs = record.appendedAtMs
      this.#payloadBytes += record.encoded.bodyLength
    }
    return placed
  }

  async #writeAndSync(buffers: Buffer[], bytes: number, onSync: () => void): Promise<void> {
    try {
      const written = await this.#file.write(buffers, this.#endOffset)
      if (written < bytes) throw shortWrite(written, bytes)
      await this.#file.datasync()
      onSync()
    } catch (error) {
      // The tail is cut so that no reader meets it; where it is not, the seal still hides it. A file of
      // the reserve keeps its blocks: it becomes reserve again.
      if (this.bytesMax === undefined) await this.#file.truncate(this.#endOffset).catch(() => {})
      throw error
    }
  }

  sealed(): SealedSegment {
    return {
      number: this.header.number,
      firstSequence: this.header.firstSequence,
      endSequence: this.#endSequence,
      endOffset: this.#endOffset,
      payloadBytes: this.#payloadBytes,
      firstAppendedAtMs: this.#firstAppendedAtMs,
    }
  }

  /** Gives back what the file has behind its end. Best effort: nothing there is ever read. */
  async cut(): Promise<void> {
    await this.#file.truncate(this.#endOffset).catch(() => {})
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** A write that put down fewer bytes than asked: the disk is full, whatever the next sync says. */
export function shortWrite(written: number, asked: number): FlumeError {
  return new FlumeError(
    'FLM2202',
    `only ${written} of ${asked} bytes were written: the disk is full`,
    {
      retryable: true,
      facts: { written, asked },
    },
  )
}
