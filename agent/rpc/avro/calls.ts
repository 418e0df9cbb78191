import type { Batch, Headers } from '../../core/batch.ts'
import { slice, startOf } from '../../core/batch.ts'
import type { Call } from './client-call.ts'
import { SequenceRanges } from './client-ranges.ts'
import { FramePool } from './frame-pool.ts'
import type { Metadata } from './metadata.ts'
import { appendBatchesFrame } from './request.ts'

export interface CallLimits {
  readonly eventsMax: number
  /** Of bodies and headers, about; a larger event goes alone. */
  readonly bytesMax: number
}

/** Lengths and counts that stand beside each event. */
const EVENT_OVERHEAD_BYTES = 8

/**
 * Cuts the batches of a lease into requests and joins small ones that follow each other, in order. The
 * events of a request are of one stream and their sequences ascend, so that one stream, one list of ranges
 * and one floor describe them. Nothing is copied here: events are encoded when they are sent.
 */
export function callsOf(
  batches: readonly Batch[],
  limits: CallLimits,
  frames = new FramePool(0),
): EventsCall[] {
  const calls: EventsCall[] = []
  let call: EventsCall | undefined
  for (const batch of batches) {
    const eventBytes = EVENT_OVERHEAD_BYTES + headerBytesPerEvent(batch.headers, batch.count)
    let from = 0
    while (from < batch.count) {
      let to = call === undefined ? from : call.fits(batch, from, { ...limits, eventBytes })
      if (call === undefined || to === from) {
        call = new EventsCall(batch.ids?.stream, frames)
        calls.push(call)
        to = Math.max(from + 1, call.fits(batch, from, { ...limits, eventBytes }))
      }
      // A batch whose sequences do not follow those of the call begins the next one.
      if (call.add(slice(batch, from, to), eventBytes)) from = to
      else call = undefined
    }
  }
  return calls
}

/** A request of events; see Call. */
export class EventsCall implements Call {
  events = 0
  bytes = 0
  isDelivered = false
  readonly #stream: string | undefined
  readonly #pieces: Batch[] = []
  readonly #ranges = new SequenceRanges()
  #floor = 0
  readonly #frames: FramePool
  #memory: Buffer | undefined
  #frame: Buffer | undefined

  constructor(stream: string | undefined, frames: FramePool) {
    this.#stream = stream
    this.#frames = frames
  }

  /** The event of `batch` before which this call is full, `from` on. */
  fits(batch: Batch, from: number, limits: CallLimits & { readonly eventBytes: number }): number {
    if (batch.ids?.stream !== this.#stream) return from
    const end = Math.min(batch.count, from + limits.eventsMax - this.events)
    const room = limits.bytesMax - this.bytes
    const start = startOf(batch, from)
    let to = from
    while (to < end && batch.ends[to]! - start + (to + 1 - from) * limits.eventBytes <= room) to++
    return to
  }

  add(piece: Batch, eventBytes: number): boolean {
    const { ids, count } = piece
    if (ids !== undefined) {
      if (!this.#ranges.add(ids.first, count)) return false
      // Each was true when its lease was taken, and what is below a floor stays there.
      this.#floor = Math.max(this.#floor, ids.floor ?? 0)
    }
    this.#pieces.push(piece)
    this.events += count
    this.bytes += piece.ends[count - 1]! + count * eventBytes
    return true
  }

  frame(): Buffer {
    this.#frame ??= appendBatchesFrame(this.#pieces, {
      serial: 0,
      metadata: this.#metadata(),
      allocate: (bytes) => (this.#memory = this.#frames.take(bytes)),
    })
    return this.#frame
  }

  /** What is in it. */
  get pieces(): readonly Batch[] {
    return this.#pieces
  }

  delivered(): void {
    this.isDelivered = true
    if (this.#memory !== undefined) this.#frames.give(this.#memory)
    this.#memory = undefined
    this.#frame = undefined
  }

  #metadata(): Metadata {
    const metadata = new Map<string, Buffer>()
    if (this.#stream === undefined) return metadata
    metadata.set('flume.stream', Buffer.from(this.#stream))
    metadata.set('flume.ranges', Buffer.from(this.#ranges.toString()))
    metadata.set('flume.floor', Buffer.from(String(this.#floor)))
    return metadata
  }
}

/** Characters of the headers, spread over the events: good enough to keep a request within bounds. */
function headerBytesPerEvent({ common, columns }: Headers, count: number): number {
  let bytes = 0
  for (const [name, value] of common) bytes += name.length + value.length
  if (columns.size === 0) return bytes
  let inColumns = 0
  for (const [name, values] of columns)
    for (const value of values) if (value !== undefined) inColumns += name.length + value.length
  return bytes + Math.ceil(inColumns / count)
}
