import type { Batch, Position } from '../../core/batch.ts'
import { FlumeError } from '../../core/errors.ts'
import { SenderRanges } from '../../core/sender-ranges.ts'
import type { RecordOrigin, StreamPosition } from './batch-codec.ts'
import { encodeBatch, recordOrigin, unfitness } from './batch-codec.ts'
import { ACK, BATCH, recordBytes } from './format.ts'
import type { PendingAcknowledgements, PendingAppend } from './pending.ts'
import { trim } from './pending.ts'
import type { PendingRecord } from './segment.ts'
import { plainRecord } from './segment.ts'
import type { Acknowledgement, ChannelState } from './state.ts'
import { encodeAcknowledgement } from './state-codec.ts'

/** A batch in a group: what is written, and the events as sinks will get them. */
export interface GroupedBatch {
  readonly append: PendingAppend
  readonly batch: Batch
  readonly firstSequence: number
  readonly origin: RecordOrigin | undefined
}

/**
 * What one write and one sync make durable: BATCH records in the order of the appends, then at most
 * one ACK record. Built from the committed state, which it does not change.
 */
export class Group {
  readonly #state: ChannelState
  readonly appendedAtMs: number
  readonly records: PendingRecord[] = []
  readonly batches: GroupedBatch[] = []
  /** Appends of which nothing had to be written: repeats, and bare positions. */
  readonly settled: PendingAppend[] = []
  /** Appends that no record can hold. They fail alone: nothing else may wait for them. */
  readonly refused: { readonly append: PendingAppend; readonly error: FlumeError }[] = []
  acknowledgement: Acknowledgement | undefined
  /** Positions as they will be after this group, by stream. */
  readonly #positions = new Map<string, Position>()
  /** Senders as they will be after it. */
  readonly #senders = new Map<string, SenderRanges>()
  /** Those of them that no BATCH record of the group carries. */
  readonly #bare = new Map<string, StreamPosition>()
  readonly #recordBytesMax: number
  #nextSequence: number
  #bytes = 0

  constructor(state: ChannelState, nowMs: number, recordBytesMax: number) {
    this.#state = state
    this.#recordBytesMax = recordBytesMax
    this.appendedAtMs = nowMs
    this.#nextSequence = state.nextSequence
  }

  get bytes(): number {
    return this.#bytes
  }

  get empty(): boolean {
    return this.records.length === 0
  }

  /** The sequence after the last event of the group. */
  get nextSequence(): number {
    return this.#nextSequence
  }

  /**
   * Encodes an append, if `fits` allows its size. Returns whether it is dealt with; if not, the group is
   * as it was.
   */
  add(append: PendingAppend, fits: (bytes: number) => boolean): boolean {
    const batch = this.#untaken(append.batch)
    if (batch === undefined) {
      this.settled.push(append)
      return true
    }
    const unfit = unfitness(batch)
    if (unfit !== undefined) {
      this.refused.push({ append, error: unfit })
      return true
    }
    const origin = recordOrigin(batch.origin)
    if (batch.count === 0) {
      // Of a sender nothing has to be kept for what is not stored.
      const position = origin?.position
      if (position !== undefined) this.#bare.set(position.stream, position)
      if (position !== undefined) this.#positions.set(position.stream, position)
      this.settled.push(append)
      return true
    }
    const ahead = batch === append.batch ? append.encoded : undefined
    const encoded = ahead ?? encodeBatch(batch)
    const bytes = recordBytes(encoded.bodyLength)
    if (bytes > this.#recordBytesMax) {
      this.refused.push({ append, error: tooLarge(batch, bytes, this.#recordBytesMax) })
      return true
    }
    if (!fits(this.#bytes + bytes)) return false
    this.#bytes += bytes
    this.records.push({
      type: BATCH,
      encoded,
      firstSequence: this.#nextSequence,
      count: batch.count,
      appendedAtMs: this.appendedAtMs,
    })
    this.batches.push({ append, batch, firstSequence: this.#nextSequence, origin })
    this.#nextSequence += batch.count
    this.#advance(origin)
    return true
  }

  /** What is new to the channel and to this group. */
  #untaken(batch: Batch): Batch | undefined {
    const { origin } = batch
    if (origin === undefined) return batch
    const { stream } = origin
    if (origin.floor !== undefined) {
      const sender = this.#senders.get(stream) ?? this.#state.senders.get(stream)
      return sender === undefined ? batch : sender.untaken(batch)
    }
    return trim(batch, this.#positions.get(stream) ?? this.#state.positions.get(stream))
  }

  #advance(origin: RecordOrigin | undefined): void {
    const { position, range } = origin ?? {}
    if (position !== undefined) {
      this.#positions.set(position.stream, position)
      this.#bare.delete(position.stream)
    }
    if (range === undefined) return
    const { stream } = range
    const ranges = this.#senders.get(stream) ?? this.#state.senders.get(stream)?.copy()
    const sender = ranges ?? new SenderRanges()
    sender.take(range)
    this.#senders.set(stream, sender)
  }

  /** Adds the ACK record, last. */
  acknowledge(acks: PendingAcknowledgements): void {
    const positions = [...this.#bare.values()]
    if (acks.empty && positions.length === 0) return
    this.acknowledgement = acks.toRecord(this.#state, positions)
    const body = encodeAcknowledgement(this.acknowledgement)
    const record = plainRecord(ACK, body, {
      nextSequence: this.#nextSequence,
      nowMs: this.appendedAtMs,
    })
    this.records.push(record)
    this.#bytes += recordBytes(body.length)
  }

  /** The group is durable: the state follows. */
  commit(): void {
    for (const { batch, origin } of this.batches) this.#state.applyBatch(batch.count, origin)
    if (this.acknowledgement !== undefined) this.#state.applyAcknowledgement(this.acknowledgement)
  }
}

function tooLarge(batch: Batch, bytes: number, bytesMax: number): FlumeError {
  return new FlumeError(
    'FLM2203',
    `a batch of ${batch.count} events takes ${bytes} bytes with its headers, above the ${bytesMax} bytes of a record: raise segmentSize, send smaller events or fewer headers`,
    { retryable: false, facts: { events: batch.count, bytes, bytesMax } },
  )
}
