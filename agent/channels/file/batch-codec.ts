import { crc32 } from 'node:zlib'
import type { Batch, Headers, Origin, Position } from '../../core/batch.ts'
import { NO_HEADERS } from '../../core/batch.ts'
import { FlumeError } from '../../core/errors.ts'
import type { SenderRange } from '../../core/sender-ranges.ts'
import { ByteReader, ByteWriter } from '../../lib/bytes.ts'
import type { RecordHeader } from './format.ts'
import { FLAG_GAP, FLAG_SENDER, RECORD_HEADER_BYTES, padding } from './format.ts'

/** The body of a BATCH record (FORMAT.md): ends, headers, position, bodies. Pure. */

const ABSENT = 0xffffffff
/** What a u16 length can say. */
const NAME_BYTES_MAX = 0xffff
const NO_PADDING = Buffer.alloc(0)
const PADDING = Array.from({ length: 8 }, (_, length) => Buffer.alloc(length))

/** Bodies below this are copied next to the record header: one vector instead of three. */
const COPY_BYTES_MAX = 16 * 1024

/** A BATCH record but for its header, which is known when its place in the segment is. */
export interface EncodedBatch {
  /** The first piece starts with RECORD_HEADER_BYTES of room for the record header. */
  readonly pieces: readonly Buffer[]
  readonly bodyLength: number
  readonly flags: number
  /** CRC of the body, computed ahead for the segment with that salt. */
  readonly crc?: { readonly salt: number; readonly value: number }
}

export interface StreamPosition extends Position {
  readonly stream: string
}

/** What a batch adds to what is known of a sender. */
export interface StreamRange extends SenderRange {
  readonly stream: string
}

/** Where the events of a BATCH record came from: a stream that is read again, or a sender's. */
export type RecordOrigin =
  | { readonly position: StreamPosition; readonly range?: undefined }
  | { readonly range: StreamRange; readonly position?: undefined }

/** Most bytes the record of a batch takes beyond its bodies, headers aside. */
export function overheadBytes(events: number): number {
  return RECORD_HEADER_BYTES + 4 * events + 2048
}

/**
 * Why no record can hold the batch, if so: an error of the component that made it. Found before anything
 * is written, so that it fails alone; what is written can be read.
 */
export function unfitness({ count, bodies, ends, headers, origin }: Batch): FlumeError | undefined {
  if (ends.length !== count || (count > 0 && ends[count - 1]! > bodies.length))
    return unfit(`${ends.length} ends and ${bodies.length} bytes for ${count} events`)
  if (count > 0 && origin !== undefined && origin.offsets.length !== count)
    return unfit(`${origin.offsets.length} offsets for ${count} events`)
  for (const [name, values] of headers.columns)
    if (values.length !== count)
      return unfit(`${values.length} values of header ${name.slice(0, 64)} for ${count} events`)
  const names = [...headers.common.keys(), ...headers.columns.keys()]
  if (origin !== undefined) names.push(origin.stream, origin.routing, origin.memo)
  const long = names.find((name) => Buffer.byteLength(name) > NAME_BYTES_MAX)
  if (long === undefined) return undefined
  return unfit(`a name of ${Buffer.byteLength(long)} bytes, "${long.slice(0, 64)}…"`)
}

function unfit(what: string): FlumeError {
  return new FlumeError('FLM9001', `a batch cannot be stored: it has ${what}; please report this`, {
    retryable: false,
  })
}

/**
 * As encodeBatch, with the CRC that a segment of that salt needs. For a batch that waits: while the last
 * group syncs there is time, and between two syncs there is none.
 */
export function encodeAhead(batch: Batch, salt: number): EncodedBatch {
  const encoded = encodeBatch(batch)
  return { ...encoded, crc: { salt, value: crcOfBody(encoded, salt) } }
}

export function encodeBatch(batch: Batch): EncodedBatch {
  const headers = encodeHeaders(batch.headers)
  const position = encodeOrigin(batch.origin)
  const bodies =
    batch.count === 0 ? NO_PADDING : batch.bodies.subarray(0, batch.ends[batch.count - 1])
  const metaLength = 4 * batch.count + 8 + headers.length + position.length
  const bodyLength = metaLength + bodies.length
  const pad = padding(RECORD_HEADER_BYTES + bodyLength)
  const inline = bodies.length <= COPY_BYTES_MAX
  const head = Buffer.allocUnsafe(RECORD_HEADER_BYTES + (inline ? bodyLength + pad : metaLength))
  let at = RECORD_HEADER_BYTES
  const ends = batch.ends
  at += Buffer.from(ends.buffer, ends.byteOffset, ends.byteLength).copy(head, at)
  at = head.writeUInt32LE(headers.length, at)
  at = head.writeUInt32LE(position.length, at)
  at += headers.copy(head, at)
  at += position.copy(head, at)
  const sender = batch.origin?.floor === undefined ? 0 : FLAG_SENDER
  const flags = (batch.gap === 1 ? FLAG_GAP : 0) | sender
  if (inline) {
    bodies.copy(head, at)
    head.fill(0, at + bodies.length)
    return { pieces: [head], bodyLength, flags }
  }
  return { pieces: [head, bodies, PADDING[pad]!], bodyLength, flags }
}

/** CRC of a record's body, over its pieces. */
export function crcOfBody(encoded: EncodedBatch, salt: number): number {
  if (encoded.crc?.salt === salt) return encoded.crc.value
  let left = encoded.bodyLength
  let crc = salt
  for (const [i, piece] of encoded.pieces.entries()) {
    const start = i === 0 ? RECORD_HEADER_BYTES : 0
    const length = Math.min(left, piece.length - start)
    crc = crc32(piece.subarray(start, start + length), crc)
    left -= length
  }
  return crc
}

/** The batch of a record whose CRCs were checked; bodies are a view of `body`. */
export function decodeBatch(header: RecordHeader, body: Buffer, stream: string): Batch {
  const ends = new Uint32Array(header.count)
  body.copy(Buffer.from(ends.buffer), 0, 0, 4 * header.count)
  const { headersAt, headersLength, bodiesAt } = layout(header, body)
  return {
    count: header.count,
    bodies: body.subarray(bodiesAt),
    ends,
    gap: (header.flags & FLAG_GAP) === 0 ? 0 : 1,
    headers: decodeHeaders(body.subarray(headersAt, headersAt + headersLength), header.count),
    origin: undefined,
    ids: { stream, first: header.firstSequence },
    appendedAtMs: header.appendedAtMs,
  }
}

/** The origin in a BATCH record, if it has one. */
export function decodeBatchOrigin(header: RecordHeader, body: Buffer): RecordOrigin | undefined {
  const { headersAt, headersLength, bodiesAt } = layout(header, body)
  const at = headersAt + headersLength
  if (at === bodiesAt) return undefined
  const reader = new ByteReader(body, at)
  if ((header.flags & FLAG_SENDER) === 0) return { position: decodePosition(reader) }
  const range = {
    stream: reader.name(),
    from: reader.u64(),
    to: reader.u64(),
    floor: reader.u64(),
    routing: reader.name(),
  }
  return { range }
}

/** As `decodeBatchOrigin`, before it is written. */
export function recordOrigin(origin: Origin | undefined): RecordOrigin | undefined {
  if (origin === undefined) return undefined
  const { stream, from, to, floor, routing } = origin
  if (floor === undefined) return { position: { ...origin, offset: to } }
  return { range: { stream, from, to, floor, routing } }
}

/** Bytes of the bodies in a BATCH record. */
export function bodiesLength(header: RecordHeader, body: Buffer): number {
  return header.bodyLength - layout(header, body).bodiesAt
}

function layout(header: RecordHeader, body: Buffer) {
  const lengthsAt = 4 * header.count
  const headersLength = body.readUInt32LE(lengthsAt)
  const headersAt = lengthsAt + 8
  return {
    headersAt,
    headersLength,
    bodiesAt: headersAt + headersLength + body.readUInt32LE(lengthsAt + 4),
  }
}

export function encodePosition(writer: ByteWriter, position: StreamPosition): void {
  writer.name(position.stream)
  writer.f64(position.offset)
  writer.name(position.routing)
  writer.name(position.memo)
}

export function decodePosition(reader: ByteReader): StreamPosition {
  return {
    stream: reader.name(),
    offset: reader.f64(),
    routing: reader.name(),
    memo: reader.name(),
  }
}

function encodeOrigin(origin: Origin | undefined): Buffer {
  if (origin === undefined) return NO_PADDING
  const writer = new ByteWriter()
  if (origin.floor === undefined) encodePosition(writer, { ...origin, offset: origin.to })
  else {
    writer.name(origin.stream)
    writer.u64(origin.from)
    writer.u64(origin.to)
    writer.u64(origin.floor)
    writer.name(origin.routing)
  }
  return writer.result()
}

// Batches of one source mostly share one Headers object: its bytes are made once.
const encodedHeaders = new WeakMap<Headers, Buffer>()

function encodeHeaders(headers: Headers): Buffer {
  const known = encodedHeaders.get(headers)
  if (known !== undefined) return known
  if (headers.common.size === 0 && headers.columns.size === 0) return NO_PADDING
  const writer = new ByteWriter()
  writer.u32(headers.common.size)
  for (const [name, value] of headers.common) {
    writer.name(name)
    writer.text(value)
  }
  writer.u32(headers.columns.size)
  for (const [name, values] of headers.columns) {
    writer.name(name)
    for (const value of values) {
      if (value === undefined) writer.u32(ABSENT)
      else writer.text(value)
    }
  }
  const bytes = writer.result()
  if (headers.columns.size === 0) encodedHeaders.set(headers, bytes)
  return bytes
}

// The next record mostly has the headers of the last one: they are decoded once.
let lastBytes: Buffer = NO_PADDING
let lastHeaders: Headers = NO_HEADERS

function decodeHeaders(bytes: Buffer, count: number): Headers {
  if (bytes.length === 0) return NO_HEADERS
  if (bytes.equals(lastBytes)) return lastHeaders
  const reader = new ByteReader(bytes)
  const common = new Map<string, string>()
  for (let n = reader.u32(); n > 0; n--) common.set(reader.name(), reader.text())
  const columns = new Map<string, (string | undefined)[]>()
  for (let n = reader.u32(); n > 0; n--) columns.set(reader.name(), decodeColumn(reader, count))
  const headers = { common, columns }
  if (columns.size === 0) {
    lastBytes = Buffer.from(bytes)
    lastHeaders = headers
  }
  return headers
}

function decodeColumn(reader: ByteReader, count: number): (string | undefined)[] {
  const values: (string | undefined)[] = []
  for (let i = 0; i < count; i++) {
    const length = reader.u32()
    values.push(length === ABSENT ? undefined : reader.bytes(length).toString('utf8'))
  }
  return values
}
