import type { Headers } from '../../core/batch.ts'
import { NO_HEADERS } from '../../core/batch.ts'
import { beyondLimit } from './wire-error.ts'
import type { WireReader } from './wire-reader.ts'

/** Different names in one request; each can become a column. */
export const HEADER_NAMES_MAX = 1024
/** Headers of one event. */
export const HEADERS_MAX = 4096
/** Values in all columns of one request: 1,000 events with 1,000 names each of their own are a bomb. */
export const HEADER_CELLS_MAX = 2 ** 20
/** What the file channel can store. */
const HEADER_NAME_BYTES_MAX = 0xffff

const FEWER_NAMES = 'send fewer events per request, or put what varies into the body'

const EMPTY = Buffer.alloc(0)

/**
 * One header of a batch that is being read. As long as all events agree there is one value; the column
 * is made when one differs or lacks it.
 */
class Column {
  readonly name: string
  /** What the name looks like on the wire, its length included. */
  readonly wireName: Buffer
  /** The first event that has it, and the one after the last that does. */
  readonly from: number
  to: number
  /** The value of all of them, while there are no `values`. */
  value = ''
  values: (string | undefined)[] | undefined
  /** What was read last, and its wire form, to know it again without decoding. */
  last = ''
  wireLast: Buffer = EMPTY

  constructor(name: string, wireName: Buffer, from: number) {
    this.name = name
    this.wireName = wireName
    this.from = from
    this.to = from
  }
}

interface Entry {
  column: Column
  value: string
}

/**
 * Gathers the headers of the events of a request, in runs of events whose header bytes are the same:
 * neighbours mostly agree, and then cost one comparison. Views of the request are kept until `result`.
 */
export class HeaderColumns {
  readonly #columns = new Map<string, Column>()
  /** Headers of the current run, in the order of the wire; entries are used again. */
  readonly #entries: Entry[] = []
  #entryCount = 0
  #runFrom = 0
  #cells = 0

  /** Reads the map of event `i`, which differs from that of the event before. */
  read(reader: WireReader, i: number): void {
    this.#endRun(i)
    for (let left = reader.blockCount(); left > 0; left = reader.blockCount())
      for (; left > 0; left--) this.#readEntry(reader, i)
  }

  /** The headers of all `count` events. */
  result(count: number): Headers {
    this.#endRun(count)
    if (this.#columns.size === 0) return NO_HEADERS
    const common = new Map<string, string>()
    const columns = new Map<string, readonly (string | undefined)[]>()
    for (const column of this.#columns.values()) {
      if (column.values === undefined && column.from === 0 && column.to === count) {
        common.set(column.name, column.value)
        continue
      }
      const values = this.#valuesOf(column, count)
      while (values.length < count) values.push(undefined)
      columns.set(column.name, values)
    }
    return { common, columns }
  }

  #readEntry(reader: WireReader, i: number): void {
    if (this.#entryCount >= HEADERS_MAX)
      throw beyondLimit(`an event has more than ${HEADERS_MAX} headers`, FEWER_NAMES)
    const expected = this.#entries[this.#entryCount]
    let column = expected?.column
    if (column === undefined || !isNext(reader, column.wireName)) column = this.#readName(reader, i)
    else reader.at += column.wireName.length
    const value = readValue(reader, column)
    if (expected === undefined) this.#entries.push({ column, value })
    else {
      expected.column = column
      expected.value = value
    }
    this.#entryCount++
  }

  #readName(reader: WireReader, i: number): Column {
    const start = reader.at
    const name = reader.text()
    const wireName = reader.bytes.subarray(start, reader.at)
    const known = this.#columns.get(name)
    if (known !== undefined) return known
    if (wireName.length > HEADER_NAME_BYTES_MAX)
      throw beyondLimit(`the name of a header has ${wireName.length} bytes`, 'use a shorter one')
    if (this.#columns.size >= HEADER_NAMES_MAX)
      throw beyondLimit(`a request has more than ${HEADER_NAMES_MAX} header names`, FEWER_NAMES)
    const column = new Column(name, wireName, i)
    this.#columns.set(name, column)
    return column
  }

  /** The events from the start of the run up to `to` have the headers of the run. */
  #endRun(to: number): void {
    const from = this.#runFrom
    for (let k = 0; k < this.#entryCount; k++) {
      const { column, value } = this.#entries[k]!
      const whole = column.values === undefined && column.to === from
      if (whole && column.from === from) column.value = value
      if (whole && column.value === value) column.to = to
      else this.#fill(column, from, { to, value })
    }
    this.#entryCount = 0
    this.#runFrom = to
  }

  #fill(column: Column, from: number, run: { readonly to: number; readonly value: string }): void {
    const values = this.#valuesOf(column, run.to)
    while (values.length < from) values.push(undefined)
    // A name that stands twice in one map: the last one counts, as in Java.
    if (values.length > from) values.length = from
    while (values.length < run.to) values.push(run.value)
    column.to = run.to
  }

  /** The values so far, as a list of its own from now on; `count` bounds what it will hold. */
  #valuesOf(column: Column, count: number): (string | undefined)[] {
    this.#cells += count - (column.values?.length ?? 0)
    if (this.#cells > HEADER_CELLS_MAX)
      throw beyondLimit(`a request has more than ${HEADER_CELLS_MAX} header values`, FEWER_NAMES)
    if (column.values !== undefined) return column.values
    const values: (string | undefined)[] = []
    while (values.length < column.from) values.push(undefined)
    while (values.length < column.to) values.push(column.value)
    column.values = values
    return values
  }
}

function readValue(reader: WireReader, column: Column): string {
  if (column.wireLast.length > 0 && isNext(reader, column.wireLast)) {
    reader.at += column.wireLast.length
    return column.last
  }
  const start = reader.at
  column.last = reader.text()
  column.wireLast = reader.bytes.subarray(start, reader.at)
  return column.last
}

function isNext(reader: WireReader, expected: Buffer): boolean {
  const { bytes, at } = reader
  const { length } = expected
  if (bytes.length - at < length) return false
  for (let k = 0; k < length; k++) if (bytes[at + k] !== expected[k]) return false
  return true
}
