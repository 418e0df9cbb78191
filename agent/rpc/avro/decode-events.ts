import type { Batch } from '../../core/batch.ts'
import { NO_HEADERS } from '../../core/batch.ts'
import { HeaderColumns } from './header-columns.ts'
import { beyondLimit, malformed } from './wire-error.ts'
import type { WireReader } from './wire-reader.ts'

/** Bytes of the smallest event: no headers, no body. */
const EVENT_BYTES_MIN = 2

/**
 * The parameters of `append` (one event) and `appendBatch` (an array of them): the rest of a request.
 *
 *   event = headers: map<string>, body: bytes
 *
 * **The bytes of the request are consumed**: bodies are moved together at their front and the batch is a
 * view of them, so that no second buffer is needed. Throws FLM6101 and FLM6102, bytes untouched.
 */
export function decodeAppend(reader: WireReader): Batch {
  const events = new EventsReader(reader, 1)
  events.read()
  return events.batch()
}

/** See decodeAppend. */
export function decodeAppendBatch(reader: WireReader, eventsMax: number): Batch {
  let left = blockOf(reader, eventsMax)
  const events = new EventsReader(reader, left)
  while (left > 0) {
    for (; left > 0; left--) events.read()
    left = blockOf(reader, eventsMax - events.count)
  }
  return events.batch()
}

/** Events of the next block, checked before anything is allocated for them. */
function blockOf(reader: WireReader, eventsMax: number): number {
  const count = reader.blockCount()
  if (count > reader.left / EVENT_BYTES_MIN)
    throw malformed(`${count} events are due where ${reader.left} bytes are left`)
  if (count <= eventsMax) return count
  throw beyondLimit(
    'a request has more events than the source takes at a time',
    'raise its maxBatchEvents, or send fewer at a time',
  )
}

class EventsReader {
  readonly #reader: WireReader
  readonly #headers = new HeaderColumns()
  count = 0
  /** Where bodies start in the request, and where they will end in the batch. */
  #starts: Uint32Array
  #ends: Uint32Array
  #bytes = 0
  /** Where the headers of the last event are in the request. */
  #headersAt = 0
  #headersLength = 0

  constructor(reader: WireReader, countHint: number) {
    this.#reader = reader
    this.#starts = new Uint32Array(countHint)
    this.#ends = new Uint32Array(countHint)
  }

  read(): void {
    const reader = this.#reader
    if (this.#isLikeTheLast()) reader.at += this.#headersLength
    else {
      this.#headersAt = reader.at
      this.#headers.read(reader, this.count)
      this.#headersLength = reader.at - this.#headersAt
    }
    const length = reader.length()
    if (this.count === this.#starts.length) this.#grow()
    this.#starts[this.count] = reader.at
    this.#ends[this.count] = this.#bytes += length
    this.count++
    reader.at += length
  }

  /** Called once, when the request was read to its end. */
  batch(): Batch {
    const reader = this.#reader
    if (reader.left > 0) throw malformed(`${reader.left} bytes follow the events of a request`)
    const headers = this.count === 0 ? NO_HEADERS : this.#headers.result(this.count)
    return {
      count: this.count,
      bodies: this.#moveTogether(),
      ends: this.count === this.#ends.length ? this.#ends : this.#ends.slice(0, this.count),
      gap: 0,
      headers,
      origin: undefined,
      ids: undefined,
      appendedAtMs: undefined,
    }
  }

  #isLikeTheLast(): boolean {
    const { bytes, at, left } = this.#reader
    const length = this.#headersLength
    if (length === 0 || length > left) return false
    const last = this.#headersAt
    for (let k = 0; k < length; k++) if (bytes[at + k] !== bytes[last + k]) return false
    return true
  }

  #moveTogether(): Buffer {
    const { bytes } = this.#reader
    let at = 0
    for (let i = 0; i < this.count; i++) {
      const start = this.#starts[i]!
      const length = this.#ends[i]! - at
      bytes.copyWithin(at, start, start + length)
      at += length
    }
    return bytes.subarray(0, at)
  }

  #grow(): void {
    const starts = new Uint32Array(2 * this.count)
    starts.set(this.#starts)
    this.#starts = starts
    const ends = new Uint32Array(2 * this.count)
    ends.set(this.#ends)
    this.#ends = ends
  }
}
