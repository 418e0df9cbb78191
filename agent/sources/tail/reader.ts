import type { Descriptor } from './descriptor.ts'
import { advance, fingerprintAt, holdsFor, holdsIn, leadBytes } from './fingerprint.ts'
import type { Fingerprint } from './fingerprint.ts'
import { cutPoint, LineCutter, pieceEnds, stripLineEnds, withoutReturn } from './lines.ts'
import type { Cut } from './lines.ts'
import type { TailedFile } from './tailed-file.ts'

/** Lines read from a file, not yet emitted. The buffer belongs to whoever gets the chunk. */
export interface Chunk {
  readonly count: number
  readonly bodies: Buffer
  readonly ends: Uint32Array
  readonly gap: 0 | 1
  readonly from: number
  readonly to: number
  /** Up to where the file has no further line feed. */
  readonly scanned: number
  /** Offset in the file after each event. */
  readonly offsets: Float64Array
  readonly fingerprint: Fingerprint
}

export interface ReaderOptions {
  readonly readBytes: number
  readonly lineBytesMax: number
  readonly longLines: 'split' | 'truncate' | 'drop'
  /** Told once per line that was cut short or left out. */
  readonly onLongLine: (file: TailedFile) => void
}

/** 'changed': what was read before is no longer there, so the file was truncated or rewritten. */
export type ReadResult = Chunk | 'changed' | undefined

/**
 * Reads the next lines of a file. Keeps no data between calls: a line that is not complete is read
 * again from its start, which costs half a line per read, so that 10,000 idle files hold no buffers.
 * Every read brings along the bytes before the offset and checks them, so that a file truncated and
 * grown again past the offset is noticed before anything of it is emitted from there.
 */
export class LineReader {
  readonly #options: ReaderOptions
  readonly #cutter: LineCutter

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#cutter = new LineCutter(options.lineBytesMax)
  }

  /** The lines that follow `file.offset`; moves `scanned` but not `offset` (see `taken`). */
  async read(file: TailedFile, descriptor: Descriptor): Promise<ReadResult> {
    const { readBytes, lineBytesMax, longLines } = this.#options
    let length = Math.min(readBytes, file.size - file.offset)
    const held = file.scanned - file.offset
    if (held > readBytes / 2) {
      // A line longer than half a read: look at the new bytes alone until it is worth reading whole.
      const feed = await this.#findLineFeed(file, descriptor)
      const line = (feed ?? file.scanned) - file.offset
      if (feed !== undefined && line > lineBytesMax + 1 && longLines !== 'split') {
        return this.#longLine(file, descriptor, feed)
      }
      if (feed === undefined && (longLines !== 'split' || line < lineBytesMax + 2)) return undefined
      length = Math.min(Math.max(length, lineBytesMax + 2), file.size - file.offset)
    }
    const lead = leadBytes(file.offset)
    const buffer = Buffer.allocUnsafeSlow(lead + length)
    const start = file.offset - lead
    const bytes = buffer.subarray(0, await descriptor.read(buffer, start))
    if (!holdsIn(file.fingerprint, bytes, start)) return 'changed'
    return this.#chunk(file, descriptor, bytes.subarray(lead))
  }

  /** The rest of a file that will not grow any more: an event although no line feed ends it. */
  readRest(file: TailedFile, descriptor: Descriptor): ReadResult {
    const { lineBytesMax, longLines } = this.#options
    const rest = file.size - file.offset
    if (rest > lineBytesMax && longLines !== 'split') {
      return this.#longLine(file, descriptor, file.size - 1)
    }
    const lead = leadBytes(file.offset)
    const start = file.offset - lead
    // Pieces of a long rest are cut by `read`; what remains here is at most one line and its \r.
    const bytes = descriptor.range(start, file.offset + Math.min(rest, 2 * lineBytesMax))
    if (bytes === undefined || !holdsIn(file.fingerprint, bytes, start)) return 'changed'
    const line = bytes.subarray(lead)
    const ends = [...pieceEnds(line, lineBytesMax, 0), line.length]
    return piecesOf(file, line, Uint32Array.from(ends))
  }

  #chunk(file: TailedFile, descriptor: Descriptor, bytes: Buffer): ReadResult {
    const { lineBytesMax, longLines } = this.#options
    const cut = this.#cutter.cut(bytes)
    if (cut.count > 0) return chunkOf(file, bytes, { ...cut, held: this.#held(bytes, cut) })
    const feed = cut.next === 'long' ? bytes.indexOf(10) : -1
    if (feed !== -1 && longLines !== 'split') {
      return this.#longLine(file, descriptor, file.offset + feed)
    }
    if (feed !== -1) {
      const line = withoutReturn(bytes.subarray(0, feed))
      return piecesOf(file, bytes, pieceEnds(line, lineBytesMax, 0))
    }
    // Of an unterminated line two bytes more must be there: they may yet turn out to be `\r\n`.
    if (longLines === 'split' && bytes.length >= lineBytesMax + 2) {
      return piecesOf(file, bytes, pieceEnds(bytes, lineBytesMax, 1))
    }
    file.scanned = Math.max(file.scanned, file.offset + bytes.length)
    return undefined
  }

  /** Bytes after the last line that need no second look until more come. */
  #held(bytes: Buffer, cut: Cut): number {
    const rest = bytes.length - cut.bytes
    const { lineBytesMax, longLines } = this.#options
    const cuttable = longLines === 'split' && rest >= lineBytesMax + 2
    return cut.next === 'long' || cuttable ? 0 : rest
  }

  /** A line above the maximum whose line feed is at `feed`: its first part, or nothing of it. */
  #longLine(file: TailedFile, descriptor: Descriptor, feed: number): ReadResult {
    const { lineBytesMax, longLines } = this.#options
    if (!holdsFor(file.fingerprint, descriptor)) return 'changed'
    const to = feed + 1
    const fingerprint = fingerprintAt(descriptor, to)
    const line = descriptor.range(file.offset, Math.min(feed, file.offset + lineBytesMax + 4))
    if (fingerprint === undefined || line === undefined) return 'changed'
    this.#options.onLongLine(file)
    const kept = longLines === 'truncate' ? cutPoint(line, 0, lineBytesMax) : 0
    const count = longLines === 'truncate' ? 1 : 0
    return {
      count,
      bodies: line.subarray(0, kept),
      ends: count === 0 ? new Uint32Array(0) : Uint32Array.of(kept),
      gap: 0,
      from: file.offset,
      to,
      scanned: to,
      offsets: count === 0 ? new Float64Array(0) : Float64Array.of(to),
      fingerprint,
    }
  }

  /** Where the next line feed after `scanned` is; moves `scanned` over what has none. */
  async #findLineFeed(file: TailedFile, descriptor: Descriptor): Promise<number | undefined> {
    const length = Math.min(this.#options.readBytes, file.size - file.scanned)
    const buffer = Buffer.allocUnsafeSlow(length)
    const bytes = await descriptor.read(buffer, file.scanned)
    const feed = buffer.subarray(0, bytes).indexOf(10)
    if (feed !== -1) return file.scanned + feed
    file.scanned += bytes
    return undefined
  }
}

/** The pieces of a long line: they lie side by side, so nothing is copied. */
function piecesOf(file: TailedFile, bytes: Buffer, ends: Uint32Array): Chunk {
  const length = ends.at(-1) ?? 0
  const to = file.offset + length
  return {
    count: ends.length,
    bodies: bytes.subarray(0, length),
    ends,
    gap: 0,
    from: file.offset,
    to,
    scanned: to,
    offsets: offsetsOf(file.offset, ends),
    fingerprint: advanced(file, bytes, to),
  }
}

function chunkOf(file: TailedFile, bytes: Buffer, cut: Cut & { readonly held: number }): Chunk {
  const to = file.offset + cut.bytes
  // Before the line ends are stripped in place: the fingerprint is of the file as it is.
  const fingerprint = advanced(file, bytes, to)
  const offsets = offsetsOf(file.offset, cut.ends)
  const lines = bytes.subarray(0, cut.bytes)
  const body = cut.carriageReturns
    ? { ...stripLineEnds(lines, cut.ends), gap: 0 as const }
    : { bodies: lines, ends: cut.ends, gap: 1 as const }
  return {
    ...body,
    count: cut.ends.length,
    from: file.offset,
    to,
    scanned: to + cut.held,
    offsets,
    fingerprint,
  }
}

function offsetsOf(base: number, ends: Uint32Array): Float64Array {
  const offsets = new Float64Array(ends.length)
  for (let i = 0; i < ends.length; i++) offsets[i] = base + ends[i]!
  return offsets
}

/** `bytes` starts at the offset of the file; what lies before is in the same memory. */
function advanced(file: TailedFile, bytes: Buffer, to: number): Fingerprint {
  const lead = leadBytes(file.offset)
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset - lead, lead + bytes.length)
  return advance(file.fingerprint, whole, file.offset - lead, to)
}
