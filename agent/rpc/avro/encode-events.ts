import type { Batch, Headers } from '../../core/batch.ts'
import { endOf, startOf } from '../../core/batch.ts'
import { WireWriter, writeLong } from './wire-writer.ts'

/** Bytes of the longest varint that stands before a body or at either end of an array. */
const LENGTH_BYTES_MAX = 5
const LOOP_BYTES_MAX = 64

/** The header bytes of the events: `bytes` from `starts[i]` to `ends[i]`, or all of it for each event. */
interface HeaderBytes {
  readonly bytes: Buffer
  readonly starts: Uint32Array | undefined
  readonly ends: Uint32Array | undefined
}

/**
 * Headers and bodies of a batch as they stand in a request: `append` takes the one event of a batch,
 * `appendBatch` an array of them. Header bytes are made once for neighbours that agree.
 */
export class EventsEncoder {
  readonly #batch: Batch
  readonly #headers: HeaderBytes

  constructor(batch: Batch) {
    this.#batch = batch
    this.#headers = headerBytes(batch)
  }

  /** At least as many bytes as `write` and `writeArray` take. */
  get bytesMax(): number {
    const { count, ends } = this.#batch
    let bytes = (count === 0 ? 0 : ends[count - 1]!) + 2 * LENGTH_BYTES_MAX
    bytes += count * LENGTH_BYTES_MAX
    const { bytes: headers, starts, ends: headerEnds } = this.#headers
    if (starts === undefined) return bytes + count * headers.length
    for (let i = 0; i < count; i++) bytes += headerEnds![i]! - starts[i]!
    return bytes
  }

  /** Writes the events one after the other and returns the offset after them. */
  write(into: Buffer, at: number): number {
    const batch = this.#batch
    const { bodies } = batch
    const { bytes: headers, starts, ends } = this.#headers
    for (let i = 0; i < batch.count; i++) {
      at = copyHeaders(headers, starts?.[i] ?? 0, ends?.[i] ?? headers.length, { into, at })
      const start = startOf(batch, i)
      const end = endOf(batch, i)
      at = writeLong(into, at, end - start)
      at += bodies.copy(into, at, start, end)
    }
    return at
  }

  /** As `write`, as an array of one block. */
  writeArray(into: Buffer, at: number): number {
    if (this.#batch.count > 0) at = writeLong(into, at, this.#batch.count)
    at = this.write(into, at)
    return writeLong(into, at, 0)
  }
}

// Batches of one channel mostly share one Headers object: its bytes are made once.
const encodedCommon = new WeakMap<Headers, HeaderBytes>()

function headerBytes(batch: Batch): HeaderBytes {
  const { headers } = batch
  if (headers.columns.size > 0) return eachHeaders(batch)
  const known = encodedCommon.get(headers)
  if (known !== undefined) return known
  const writer = new WireWriter()
  if (headers.common.size > 0) writer.long(headers.common.size)
  writeCommon(headers, writer)
  writer.long(0)
  const result = { bytes: writer.result(), starts: undefined, ends: undefined }
  encodedCommon.set(headers, result)
  return result
}

function writeCommon({ common }: Headers, writer: WireWriter): void {
  for (const [name, value] of common) {
    writer.text(name)
    writer.text(value)
  }
}

function eachHeaders({ count, headers }: Batch): HeaderBytes {
  const common = new WireWriter()
  writeCommon(headers, common)
  const columns = [...headers.columns].map(([name, values]) => ({ name: nameBytes(name), values }))
  const writer = new WireWriter(1024)
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    if (i > 0 && columns.every(({ values }) => values[i] === values[i - 1])) {
      starts[i] = starts[i - 1]!
      ends[i] = ends[i - 1]!
      continue
    }
    starts[i] = writer.length
    let size = headers.common.size
    for (const { values } of columns) if (values[i] !== undefined) size++
    if (size > 0) writer.long(size)
    writer.fixed(common.result())
    for (const { name, values } of columns) {
      const value = values[i]
      if (value === undefined) continue
      writer.fixed(name)
      writer.text(value)
    }
    writer.long(0)
    ends[i] = writer.length
  }
  return { bytes: writer.result(), starts, ends }
}

function nameBytes(name: string): Buffer {
  const writer = new WireWriter()
  writer.text(name)
  return writer.result()
}

/** A loop is faster than a call for what headers mostly are. */
function copyHeaders(
  headers: Buffer,
  from: number,
  to: number,
  target: { readonly into: Buffer; readonly at: number },
): number {
  const { into, at } = target
  if (to - from > LOOP_BYTES_MAX) return at + headers.copy(into, at, from, to)
  for (let k = from; k < to; k++) into[at + k - from] = headers[k]!
  return at + to - from
}
