/**
 * The batch: a run of events that travel together, the unit of work everywhere.
 *
 * One contiguous buffer of bodies and a typed array of end offsets; headers that all events share
 * are stored once, others as columns. Nothing here makes an object per event, so that a batch of
 * 2,000 log lines costs as much as one of 20.
 *
 *   gap 0   bodies: |aaa|bb|cccc|            ends: 3 5 9
 *   gap 1   bodies: |aaa\n|bb\n|cccc\n|      ends: 4 7 12     (each end includes the line feed)
 *
 * `gap` 1 is how lines come out of a text file and go into one: a tail source and a text sink then
 * move whole buffers and touch no event.
 */
export interface Batch {
  /** Number of events. */
  readonly count: number
  readonly bodies: Buffer
  /** `count` ascending offsets into `bodies`: where event i ends, its gap included. */
  readonly ends: Uint32Array
  /** 1: each body is followed by one line feed in `bodies` that is no part of the event. */
  readonly gap: 0 | 1
  readonly headers: Headers
  /** Set by sources whose events can come again: where they came from. Interceptors carry it through. */
  readonly origin: Origin | undefined
  /** Set by channels: the stable ids of the events. Event i is `stream` + (`first` + i). */
  readonly ids: EventIds | undefined
  /** Set by channels: when the batch was appended, milliseconds since the epoch. Only informs. */
  readonly appendedAtMs: number | undefined
}

/** Header values of a batch. A name is either common or a column, never both. */
export interface Headers {
  readonly common: ReadonlyMap<string, string>
  /** One value per event; undefined where the event lacks the header. */
  readonly columns: ReadonlyMap<string, readonly (string | undefined)[]>
}

/**
 * Where the events of a batch came from: a stream (a file, a partition, a channel of another agent), the
 * range of it, and the offset after each event. Offsets are non-decreasing: the children of
 * a split event share one and travel in one record.
 *
 * Streams are of two kinds. What a source reads itself comes in order and is **replayable**: a channel
 * keeps one position of it. What a **sender** hands over and sends again when it gets no answer has a
 * `floor`; it comes over several connections in any order, and cut in other places when it comes again.
 * A channel keeps the set of ranges it has above the floor: a highest number would claim a batch that
 * was overtaken.
 */
export interface Origin {
  /**
   * Stable name of the stream within its source, at most 192 bytes. The pipeline puts the name of the
   * source before it, so that two sources of a flow never share a position; 256 bytes in a channel.
   */
  readonly stream: string
  /** Offset before the first byte that was read for this batch. */
  readonly from: number
  /** Offset after it: the stream's position once the batch is in the channel. */
  readonly to: number
  /** Offset after event i; `count` entries. */
  readonly offsets: Float64Array
  /** What the source needs to find the stream again, at most 1 KiB; stored beside the position. */
  readonly memo: string
  /**
   * Which routing the events went through, set by the pipeline: a generation and the hash of the
   * routing configuration. Channels compare it for equality; '' means "never trim by position".
   */
  readonly routing: string
  /**
   * Set for a sender's stream: the lowest sequence it had not seen acknowledged when it sent this. What
   * lies below was taken, by this agent or another. Offsets are the sequence of the event plus one.
   */
  readonly floor?: number
}

/** Whether the source reads the events again by itself when they do not get in. */
export function isReplayable(origin: Origin | undefined): boolean {
  return origin !== undefined && origin.floor === undefined
}

/** How far a channel has taken a stream. */
export interface Position {
  readonly offset: number
  readonly routing: string
  readonly memo: string
}

/** Stable ids: a stream (channel id + epoch) and a run of sequence numbers. */
export interface EventIds {
  readonly stream: string
  readonly first: number
  /** Set on what is leased: everything below was acknowledged when the lease was taken. */
  readonly floor?: number
}

export const NO_HEADERS: Headers = { common: new Map(), columns: new Map() }

/** Offset in `bodies` where event i starts. */
export function startOf(batch: Batch, i: number): number {
  return i === 0 ? 0 : batch.ends[i - 1]!
}

/** Offset in `bodies` after the last byte of event i, its gap excluded. */
export function endOf(batch: Batch, i: number): number {
  return batch.ends[i]! - batch.gap
}

/** The body of event i: a view, not a copy. */
export function bodyAt(batch: Batch, i: number): Buffer {
  return batch.bodies.subarray(startOf(batch, i), endOf(batch, i))
}

/** Bytes of all bodies, gaps excluded. */
export function bodyBytes(batch: Batch): number {
  return batch.count === 0 ? 0 : batch.ends[batch.count - 1]! - batch.gap * batch.count
}

/** The value of one header of event i. */
export function headerAt(batch: Batch, i: number, name: string): string | undefined {
  return batch.headers.common.get(name) ?? batch.headers.columns.get(name)?.[i]
}

/** All headers of event i, as a new object. */
export function headersAt(batch: Batch, i: number): Record<string, string> {
  const result: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [name, value] of batch.headers.common) result[name] = value
  for (const [name, values] of batch.headers.columns) {
    const value = values[i]
    if (value !== undefined) result[name] = value
  }
  return result
}

/** A batch from single events, for sources that have them one by one. Copies the bodies. */
export function batchOf(
  events: readonly {
    readonly body: Uint8Array
    readonly headers?: Readonly<Record<string, string>>
  }[],
  origin?: Origin,
): Batch {
  const ends = new Uint32Array(events.length)
  let bytes = 0
  for (const [i, event] of events.entries()) ends[i] = bytes += event.body.length
  const bodies = Buffer.allocUnsafeSlow(bytes)
  for (const [i, event] of events.entries()) bodies.set(event.body, i === 0 ? 0 : ends[i - 1])
  return {
    count: events.length,
    bodies,
    ends,
    gap: 0,
    headers: headersOf(events.map((event) => event.headers ?? {})),
    origin,
    ids: undefined,
    appendedAtMs: undefined,
  }
}

function headersOf(each: readonly Readonly<Record<string, string>>[]): Headers {
  const columns = new Map<string, (string | undefined)[]>()
  for (const [i, headers] of each.entries()) {
    for (const [name, value] of Object.entries(headers)) {
      let column = columns.get(name)
      if (column === undefined) {
        column = Array.from({ length: each.length })
        columns.set(name, column)
      }
      column[i] = value
    }
  }
  const common = new Map<string, string>()
  for (const [name, values] of columns) {
    const first = values[0]
    if (first === undefined || values.some((value) => value !== first)) continue
    common.set(name, first)
    columns.delete(name)
  }
  return { common, columns }
}

/** The same events with `name` set to `value` on all of them, replacing what was there. */
export function withHeader(batch: Batch, name: string, value: string): Batch {
  const common = new Map(batch.headers.common).set(name, value)
  let columns = batch.headers.columns
  if (columns.has(name)) {
    columns = new Map(columns)
    ;(columns as Map<string, unknown>).delete(name)
  }
  return { ...batch, headers: { common, columns } }
}

/** The same events with `name` set to `value` where it is absent (Flume's preserveExisting). */
export function withDefaultHeader(batch: Batch, name: string, value: string): Batch {
  if (batch.headers.common.has(name)) return batch
  const column = batch.headers.columns.get(name)
  if (column === undefined) return withHeader(batch, name, value)
  const columns = new Map(batch.headers.columns).set(
    name,
    column.map((existing) => existing ?? value),
  )
  return { ...batch, headers: { common: batch.headers.common, columns } }
}

/** Events [from, to) as a batch of their own; bodies are a view. The origin covers the cut alone. */
export function slice(batch: Batch, from: number, to: number): Batch {
  if (from === 0 && to === batch.count) return batch
  const start = from === 0 ? 0 : batch.ends[from - 1]!
  const ends = batch.ends.slice(from, to)
  if (start > 0) for (let i = 0; i < ends.length; i++) ends[i]! -= start
  return {
    count: to - from,
    bodies: batch.bodies.subarray(start, to === from ? start : batch.ends[to - 1]),
    ends,
    gap: batch.gap,
    headers: mapColumns(batch.headers, (values) => values.slice(from, to)),
    origin: batch.origin && sliceOrigin(batch.origin, from, to, batch.count),
    ids: batch.ids && { ...batch.ids, first: batch.ids.first + from },
    appendedAtMs: batch.appendedAtMs,
  }
}

function sliceOrigin(origin: Origin, from: number, to: number, count: number): Origin {
  return {
    ...origin,
    from: from === 0 ? origin.from : origin.offsets[from - 1]!,
    to: to === count ? origin.to : to === 0 ? origin.from : origin.offsets[to - 1]!,
    offsets: origin.offsets.slice(from, to),
  }
}

/**
 * The events at the ascending `indices`, copied into a batch of their own. The origin still covers
 * the whole range that was read: an event that is left out was dealt with, not forgotten.
 */
export function select(batch: Batch, indices: Uint32Array): Batch {
  if (indices.length === batch.count) return batch
  const ends = new Uint32Array(indices.length)
  let bytes = 0
  for (let k = 0; k < indices.length; k++) {
    const i = indices[k]!
    ends[k] = bytes += batch.ends[i]! - startOf(batch, i)
  }
  const bodies = Buffer.allocUnsafeSlow(bytes)
  let k = 0
  let at = 0
  while (k < indices.length) {
    // Neighbours are copied as one run: a filter that drops one line in a thousand copies twice.
    const first = indices[k]!
    let last = first
    while (k + 1 < indices.length && indices[k + 1] === last + 1) {
      last++
      k++
    }
    at += batch.bodies.copy(bodies, at, startOf(batch, first), batch.ends[last])
    k++
  }
  const pick = <T>(values: readonly T[]): T[] => Array.from(indices, (i) => values[i]!)
  const offsets = batch.origin && Float64Array.from(indices, (i) => batch.origin!.offsets[i]!)
  return {
    count: indices.length,
    bodies,
    ends,
    gap: batch.gap,
    headers: mapColumns(batch.headers, pick),
    origin: batch.origin && { ...batch.origin, offsets: offsets! },
    ids: undefined,
    appendedAtMs: batch.appendedAtMs,
  }
}

function mapColumns(
  headers: Headers,
  change: (values: readonly (string | undefined)[]) => (string | undefined)[],
): Headers {
  if (headers.columns.size === 0) return headers
  const columns = new Map<string, readonly (string | undefined)[]>()
  for (const [name, values] of headers.columns) columns.set(name, change(values))
  return { common: headers.common, columns }
}
