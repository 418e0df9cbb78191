import type { Batch, Position } from './batch.ts'
import { FlumeError } from './errors.ts'
import type { Receipt } from './receipt.ts'

/**
 * A channel keeps events between sources and sinks. Atomic per batch.
 *
 * Writers reserve room in all channels a batch goes to before they append to the first, so that a
 * full one does not leave copies in the others. Readers take leases; several sinks may drain one
 * channel, each event going to one of them.
 */
export interface Channel {
  readonly limits: ChannelLimits

  /**
   * Waits until the channel has room for a batch of that size and holds it. Rejects with FLM2203
   * when the size is above `limits`, with FLM2204 when the channel closes, and with the signal's
   * reason when it aborts. Room for a batch without events is granted at once, full or not.
   */
  reserve(need: BatchSize, signal: AbortSignal): Promise<Reservation>

  /**
   * Appends a batch and ends its reservation. Events of a stream that the channel already has (same
   * routing hash, offset at or below its position) are left out; the position advances at commit.
   * With another routing hash the position is replaced, also by a lower one.
   *
   * A batch without events but with an origin carries the position alone: it is written with the
   * next group, or when the channel is idle within its acknowledgement delay. It is accepted at once,
   * unless thousands wait already, and safe when durable.
   *
   * The receipt rejects with a retryable FlumeError (FLM2201, FLM2202) when the write failed; then
   * no event of the batch is in the channel, nor will be after a restart, and every append that was
   * queued or in flight behind it at that moment fails too, so that no position gets ahead of events.
   */
  append(batch: Batch, reservation: Reservation): Receipt

  /**
   * The next events, as soon as there is one; never waits to fill. Released events come first, in
   * order. undefined when the signal aborts or the channel closes. Rejects with a retryable FlumeError
   * (FLM2205) when they cannot be read; they stay in the channel.
   */
  take(options: TakeOptions): Promise<Lease | undefined>

  /** How far each stream was taken, by stream name. */
  positions(): ReadonlyMap<string, Position>

  /** What `sink` saved last: with an acknowledgement or by `saveSinkState`. */
  sinkState(sink: string): Buffer | undefined

  /**
   * Saves state without an acknowledgement; durable when resolved. For facts that must be on disk
   * before an act, such as the name of a file about to be created.
   */
  saveSinkState(sink: string, state: Buffer): Promise<void>

  stats(): ChannelStats

  /** Writes and syncs what is pending and ends. Leases not acknowledged are redelivered at the next open. */
  close(): Promise<void>
}

export interface BatchSize {
  readonly events: number
  readonly bytes: number
}

export interface ChannelLimits {
  /** The largest batch `append` takes; the pipeline cuts larger ones. */
  readonly batchEventsMax: number
  readonly batchBytesMax: number
}

/** Room held for one append. */
export interface Reservation {
  /** Gives the room back unused. Does nothing after `append`. */
  release(): void
}

export interface TakeOptions {
  /** Name of the sink; its acknowledgements carry state under this name. */
  readonly sink: string
  readonly eventsMax: number
  readonly bytesMax: number
  readonly signal: AbortSignal
}

/** Events taken by a sink and not yet acknowledged. End it once: by `ack`, `release` or `split`. */
export interface Lease {
  /** At least one; in channel order. Their ids are set. */
  readonly batches: readonly Batch[]
  readonly events: number
  readonly bytes: number

  /**
   * The events were delivered and leave the channel. `state` (at most 64 KiB) is saved in the same
   * record, so that it and the acknowledged events never disagree. Durable when resolved; it need
   * not be awaited, since events acknowledged but not yet durable are redelivered after a crash
   * together with the older state. Acknowledgements take effect in the order of the calls.
   * Throws when the state is larger; the lease is then still open.
   */
  ack(state?: Buffer): Promise<void>

  /**
   * Ends the lease and gives two in its place: its first `events` events, and the others. At least
   * one in each. State is acknowledged in their order, as ever.
   */
  split(events: number): readonly [Lease, Lease]

  /** The events were not delivered and go to the next `take`. Only after the write settled. */
  release(): void
}

export const SINK_STATE_BYTES_MAX = 64 * 1024

/** Throws when a sink wants to keep more state than a channel saves: an error of the sink. */
export function checkSinkState(sink: string, state: Buffer): void {
  if (state.length <= SINK_STATE_BYTES_MAX) return
  throw new FlumeError(
    'FLM9001',
    `sink ${sink} wants to save ${state.length} bytes of state; at most ${SINK_STATE_BYTES_MAX} are kept`,
    { retryable: false, facts: { sink, bytes: state.length } },
  )
}

/** Facts about a channel at this moment. Backlog = committed and not acknowledged. */
export interface ChannelStats {
  /** 'open'; 'full' while appends wait for room or disk; 'closed'. */
  readonly state: 'open' | 'full' | 'closed'
  readonly backlogEvents: number
  readonly backlogBytes: number
  /** Events in the hands of sinks. */
  readonly leasedEvents: number
  readonly capacityBytes: number | undefined
  readonly capacityEvents: number | undefined
  /** Bytes on disk, all files of the channel; 0 for a memory channel. */
  readonly diskBytes: number
  /** Age of the oldest event of the backlog, 0 without one. */
  readonly oldestEventAgeMs: number
  /** Since the channel was created; survives restarts. */
  readonly lostEvents: number
  /** Corrupt records quarantined since the channel was created. */
  readonly quarantinedRecords: number
  readonly redeliveredEvents: number
  /** Since this open. */
  readonly appendedEvents: number
  readonly acknowledgedEvents: number
  readonly syncs: number
  readonly writtenBytes: number
  /** Why appends fail or wait at the moment. */
  readonly problem: string | undefined
}
