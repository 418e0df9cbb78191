import { crc32 } from 'node:zlib'
import type { DiskFile } from '../../lib/disk.ts'
import type { RecordHeader } from './format.ts'
import {
  BATCH,
  HEADER_BYTES,
  RECORD_ALIGNMENT,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
  decodeRecordHeader,
  recordBytes,
} from './format.ts'

const MAGIC_BYTES = Buffer.alloc(4)
MAGIC_BYTES.writeUInt32LE(RECORD_MAGIC)

/** What stands at a place in a segment. */
export type ScanItem =
  | { readonly kind: 'record'; readonly header: RecordHeader; readonly body: Buffer }
  /** Bytes [from, to) are no valid record. `header` is there when the body alone is damaged or cut short. */
  | {
      readonly kind: 'damage'
      readonly from: number
      readonly to: number
      readonly header: RecordHeader | undefined
    }

/** A place in a scan. */
export interface ScanPlace {
  readonly offset: number
  readonly expected: number
}

export interface ScannerOptions {
  readonly file: DiskFile
  readonly salt: number
  /** Offset to start at; the place of a record, or HEADER_BYTES. */
  readonly from?: number
  /** Nothing at or beyond is read. May be moved on while scanning. */
  readonly end: number
  readonly readBytes: number
  /** The lowest sequence the next record may have. */
  readonly expected: number
}

/**
 * Walks over the records of one segment, checks them, and finds the next valid one after damage
 * (FORMAT.md "Opening"). Reads ahead in large pieces; bodies are views of a piece that nobody else
 * changes.
 */
export class SegmentScanner {
  readonly #file: DiskFile
  readonly #salt: number
  readonly #readBytes: number
  end: number
  #expected: number
  #offset: number
  #window: Buffer = Buffer.alloc(0)
  #windowAt = 0

  constructor(options: ScannerOptions) {
    this.#file = options.file
    this.#salt = options.salt
    this.#readBytes = options.readBytes
    this.#offset = options.from ?? HEADER_BYTES
    this.end = options.end
    this.#expected = options.expected
  }

  /** Where the next item starts. */
  get offset(): number {
    return this.#offset
  }

  /** The place of the next item, to come back to. */
  get place(): ScanPlace {
    return { offset: this.#offset, expected: this.#expected }
  }

  /** Goes back to a place that was passed. */
  returnTo(place: ScanPlace): void {
    this.#offset = place.offset
    this.#expected = place.expected
  }

  /**
   * The next item; undefined at the end. The bodies of BATCH records that end at or below `skipBelow`
   * are neither read nor checked: their `body` is empty.
   */
  async next(skipBelow = 0): Promise<ScanItem | undefined> {
    const from = this.#offset
    if (from >= this.end) return undefined
    const header = await this.#headerAt(from)
    if (header === undefined) return this.#damage(from, await this.#resync(from), undefined)
    const to = from + recordBytes(header.bodyLength)
    // The header counts, cut short or not: what it says was synced before it was.
    if (to > this.end) return this.#damage(from, await this.#resync(from), header)
    if (header.type === BATCH && header.firstSequence + header.count <= skipBelow) {
      this.#advance(header, to)
      return { kind: 'record', header, body: Buffer.alloc(0) }
    }
    await this.#ensure(from, to - from)
    const at = from - this.#windowAt + RECORD_HEADER_BYTES
    const body = this.#window.subarray(at, at + header.bodyLength)
    if (body.length < header.bodyLength || crc32(body, this.#salt) !== header.bodyCrc) {
      this.#advance(header, to)
      return { kind: 'damage', from, to, header }
    }
    this.#advance(header, to)
    return { kind: 'record', header, body }
  }

  #advance(header: RecordHeader, to: number): void {
    this.#offset = to
    const next = header.firstSequence + (header.type === BATCH ? header.count : 0)
    this.#expected = Math.max(this.#expected, next)
  }

  #damage(from: number, to: number, header: RecordHeader | undefined): ScanItem {
    this.#offset = to
    return { kind: 'damage', from, to, header }
  }

  async #headerAt(offset: number): Promise<RecordHeader | undefined> {
    await this.#ensure(offset, RECORD_HEADER_BYTES)
    const header = decodeRecordHeader(this.#window, offset - this.#windowAt, offset, this.#salt)
    return header !== undefined && header.firstSequence >= this.#expected ? header : undefined
  }

  /** The next offset after `from` at which a record header stands, or the end. */
  async #resync(from: number): Promise<number> {
    let offset = from + RECORD_ALIGNMENT
    while (offset + RECORD_HEADER_BYTES <= this.end) {
      await this.#ensure(offset, RECORD_HEADER_BYTES)
      // The file may be shorter than the log says: then nothing is left to look at.
      if (this.#windowAt + this.#window.length < offset + RECORD_HEADER_BYTES) return this.end
      const at = this.#window.indexOf(MAGIC_BYTES, offset - this.#windowAt)
      if (at < 0) {
        // The magic may straddle the edge of the window, at an aligned place.
        const next = this.#windowAt + this.#window.length - MAGIC_BYTES.length + 1
        const aligned = Math.ceil(next / RECORD_ALIGNMENT) * RECORD_ALIGNMENT
        offset = Math.max(offset + RECORD_ALIGNMENT, aligned)
        continue
      }
      offset = Math.ceil((at + this.#windowAt) / RECORD_ALIGNMENT) * RECORD_ALIGNMENT
      if (offset === at + this.#windowAt && (await this.#headerAt(offset)) !== undefined)
        return offset
      offset = at + this.#windowAt - ((at + this.#windowAt) % RECORD_ALIGNMENT) + RECORD_ALIGNMENT
    }
    return this.end
  }

  /** Makes [offset, offset + bytes) part of the window, as far as the segment goes. */
  async #ensure(offset: number, bytes: number): Promise<void> {
    const windowEnd = this.#windowAt + this.#window.length
    if (offset >= this.#windowAt && offset + bytes <= windowEnd) return
    const wanted = Math.min(Math.max(bytes, this.#readBytes), this.end - offset)
    if (wanted <= 0) {
      this.#window = Buffer.alloc(0)
      this.#windowAt = offset
      return
    }
    const window = Buffer.allocUnsafeSlow(wanted)
    // What the old window has of it is copied; bytes are read from the file once.
    let filled = 0
    if (offset >= this.#windowAt && offset < windowEnd)
      filled = this.#window.copy(window, 0, offset - this.#windowAt)
    if (filled < wanted) filled += await this.#file.read(window.subarray(filled), offset + filled)
    this.#window = window.subarray(0, filled)
    this.#windowAt = offset
  }
}
