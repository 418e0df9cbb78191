import { crc32 } from 'node:zlib'

/** Constants and headers of FORMAT.md. Pure: bytes in, bytes out. */

export const FORMAT_VERSION = 1
const SEGMENT_MAGIC = Buffer.from('FLUMESEG', 'latin1')
const ONE_HEADER_BYTES = 128
/** In another block of the disk, so that one that cannot be read does not take both. */
const COPY_OFFSET = 4096
/** Header and its copy; the first record follows. */
export const HEADER_BYTES = COPY_OFFSET + ONE_HEADER_BYTES

export const RECORD_MAGIC = 0x43455246
export const RECORD_HEADER_BYTES = 64
export const RECORD_ALIGNMENT = 8

export const BATCH = 1
export const ACK = 2
export const CHECKPOINT = 3
export const END = 4
export type RecordType = typeof BATCH | typeof ACK | typeof CHECKPOINT | typeof END

/** BATCH: a line feed follows each body. */
export const FLAG_GAP = 1
/** BATCH: the origin is a sender's range, not a position. */
export const FLAG_SENDER = 4

export interface SegmentHeader {
  readonly id: Buffer
  readonly channelId: Buffer
  readonly epoch: Buffer
  readonly firstSequence: number
  readonly number: number
  readonly createdAtMs: number
}

export interface RecordHeader {
  readonly type: RecordType
  readonly flags: number
  readonly bodyLength: number
  readonly bodyCrc: number
  readonly firstSequence: number
  readonly count: number
  readonly appendedAtMs: number
  readonly durableUpTo: number
  readonly offset: number
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  SEGMENT_MAGIC.copy(bytes, 0)
  bytes.writeUInt32LE(FORMAT_VERSION, 8)
  header.id.copy(bytes, 16)
  header.channelId.copy(bytes, 32)
  header.epoch.copy(bytes, 48)
  writeUint64(bytes, header.firstSequence, 56)
  writeUint64(bytes, header.number, 64)
  bytes.writeDoubleLE(header.createdAtMs, 72)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 124)), 124)
  bytes.copy(bytes, COPY_OFFSET, 0, ONE_HEADER_BYTES)
  return bytes
}

/** The header, from its first or second copy; 'newer' for a version we do not know. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | 'newer' | undefined {
  for (const at of [0, COPY_OFFSET]) {
    const one = bytes.subarray(at, at + ONE_HEADER_BYTES)
    if (one.length < ONE_HEADER_BYTES || !one.subarray(0, 8).equals(SEGMENT_MAGIC)) continue
    if (one.readUInt32LE(124) !== crc32(one.subarray(0, 124))) continue
    if (one.readUInt32LE(8) > FORMAT_VERSION) return 'newer'
    return {
      id: Buffer.from(one.subarray(16, 32)),
      channelId: Buffer.from(one.subarray(32, 48)),
      epoch: Buffer.from(one.subarray(48, 56)),
      firstSequence: readUint64(one, 56),
      number: readUint64(one, 64),
      createdAtMs: one.readDoubleLE(72),
    }
  }
  return undefined
}

/** What every checksum in the segment starts from. */
export function saltOf(header: SegmentHeader): number {
  return crc32(header.id)
}

/** The first half of stable event ids: channel id and epoch. */
export function streamOf(header: SegmentHeader): string {
  return `${header.channelId.toString('hex')}.${header.epoch.toString('hex')}`
}

/** Writes a record header into the first 64 bytes of `bytes`. */
export function encodeRecordHeader(bytes: Buffer, header: RecordHeader, salt: number): void {
  bytes.fill(0, 0, RECORD_HEADER_BYTES)
  bytes.writeUInt32LE(RECORD_MAGIC, 0)
  bytes.writeUInt8(header.type, 8)
  bytes.writeUInt8(header.flags, 9)
  bytes.writeUInt32LE(header.bodyLength, 12)
  bytes.writeUInt32LE(header.bodyLength, 16)
  bytes.writeUInt32LE(header.bodyCrc, 20)
  writeUint64(bytes, header.firstSequence, 24)
  bytes.writeUInt32LE(header.count, 32)
  bytes.writeDoubleLE(header.appendedAtMs, 40)
  writeUint64(bytes, header.durableUpTo, 48)
  writeUint64(bytes, header.offset, 56)
  bytes.writeUInt32LE(crc32(bytes.subarray(8, RECORD_HEADER_BYTES), salt), 4)
}

/**
 * The record header at `at` in `bytes`, which lies at `offset` in its segment; undefined when it is
 * not one: wrong magic, CRC, place, or incomplete.
 */
export function decodeRecordHeader(
  bytes: Buffer,
  at: number,
  offset: number,
  salt: number,
): RecordHeader | undefined {
  if (at + RECORD_HEADER_BYTES > bytes.length) return undefined
  if (bytes.readUInt32LE(at) !== RECORD_MAGIC) return undefined
  if (bytes.readUInt32LE(at + 4) !== crc32(bytes.subarray(at + 8, at + RECORD_HEADER_BYTES), salt))
    return undefined
  const type = bytes.readUInt8(at + 8)
  if (type < BATCH || type > END || readUint64(bytes, at + 56) !== offset) return undefined
  return {
    type: type as RecordType,
    flags: bytes.readUInt8(at + 9),
    bodyLength: bytes.readUInt32LE(at + 12),
    bodyCrc: bytes.readUInt32LE(at + 20),
    firstSequence: readUint64(bytes, at + 24),
    count: bytes.readUInt32LE(at + 32),
    appendedAtMs: bytes.readDoubleLE(at + 40),
    durableUpTo: readUint64(bytes, at + 48),
    offset,
  }
}

/** Bytes of a record in the segment, padding included. */
export function recordBytes(bodyLength: number): number {
  const bytes = RECORD_HEADER_BYTES + bodyLength
  return bytes + padding(bytes)
}

/** Zeros that follow `bytes` so that the next record is aligned. */
export function padding(bytes: number): number {
  return (RECORD_ALIGNMENT - (bytes % RECORD_ALIGNMENT)) % RECORD_ALIGNMENT
}

export function segmentName(number: number): string {
  return `${number.toString(16).padStart(16, '0')}.seg`
}

/** The number of a segment by its file name, or undefined for another file. */
export function segmentNumber(name: string): number | undefined {
  if (!/^[0-9a-f]{16}\.seg$/.test(name)) return undefined
  const number = Number.parseInt(name.slice(0, 16), 16)
  return Number.isSafeInteger(number) ? number : undefined
}

/** Whether a file is one that we were making, a segment or a reserve; others are not ours to remove. */
export function isTemporary(name: string): boolean {
  return /^([0-9a-f]{16}|reserve-[0-9])\.tmp$/.test(name)
}

// Sequences and offsets stay below 2^53: numbers are faster than bigints and last 9e15 events.

export function writeUint64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value % 2 ** 32, at)
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
}

export function readUint64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32
}
