import { SenderTable } from '../../core/sender-ranges.ts'
import { Intervals } from '../../lib/intervals.ts'
import type { RecordOrigin, StreamPosition } from './batch-codec.ts'
import { Positions } from './positions.ts'

/** A segment that is not written any more. */
export interface SealedSegment {
  readonly number: number
  readonly firstSequence: number
  /** The sequence after its last event. */
  readonly endSequence: number
  /** Nothing at or beyond this offset is ever read. */
  readonly endOffset: number
  readonly payloadBytes: number
  /** Append time of its first event, or when the segment was made. */
  readonly firstAppendedAtMs: number
}

/** Bytes for what is known of senders, beside those for positions: files must not be forgotten for pods. */
export const SENDERS_SHARE = 0.25

/** What an ACK record says. */
export interface Acknowledgement {
  readonly ranges: readonly { readonly from: number; readonly to: number }[]
  readonly lostEvents: number
  readonly quarantinedRecords: number
  readonly sinkStates: ReadonlyMap<string, Buffer>
  readonly positions: readonly StreamPosition[]
}

/**
 * What the log says so far: the fold of its records. Changed by the same two functions when records
 * are written and when they are read at the next open, so that both come to the same result.
 */
export class ChannelState {
  /** The sequence of the next event. */
  nextSequence = 0
  /** Everything below is acknowledged. */
  floor = 0
  /** Acknowledged at or above the floor. */
  readonly acknowledged = new Intervals()
  readonly positions: Positions
  readonly senders: SenderTable
  readonly sinkStates = new Map<string, Buffer>()
  /** Totals since the channel was made. */
  lostEvents = 0
  quarantinedRecords = 0

  constructor(positionsBytesMax: number) {
    this.positions = new Positions(positionsBytesMax)
    this.senders = new SenderTable(positionsBytesMax * SENDERS_SHARE)
  }

  /** A BATCH record was read or is durable. */
  applyBatch(events: number, origin: RecordOrigin | undefined): void {
    this.nextSequence += events
    const { position, range } = origin ?? {}
    if (position !== undefined) this.positions.set(position.stream, positionOf(position))
    if (range !== undefined) this.senders.take(range.stream, range)
  }

  /** An ACK record was read or is durable. Its totals are absolute. */
  applyAcknowledgement(ack: Acknowledgement): void {
    for (const range of ack.ranges) this.acknowledge(range.from, range.to)
    this.lostEvents = Math.max(this.lostEvents, ack.lostEvents)
    this.quarantinedRecords = Math.max(this.quarantinedRecords, ack.quarantinedRecords)
    for (const [sink, state] of ack.sinkStates) this.sinkStates.set(sink, state)
    for (const position of ack.positions) this.positions.set(position.stream, positionOf(position))
  }

  acknowledge(from: number, to: number): void {
    this.acknowledged.add(Math.max(from, this.floor), to)
    const first = this.acknowledged.first
    if (first === undefined || first.from > this.floor) return
    this.floor = first.to
    this.acknowledged.remove(first.from, first.to)
  }

  /** The sequences that are committed and not acknowledged. */
  backlog(): Intervals {
    const backlog = new Intervals()
    backlog.add(this.floor, this.nextSequence)
    for (const range of this.acknowledged.ranges()) backlog.remove(range.from, range.to)
    return backlog
  }
}

function positionOf(position: StreamPosition) {
  return { offset: position.offset, routing: position.routing, memo: position.memo }
}
