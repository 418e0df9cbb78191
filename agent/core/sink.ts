import type { Batch } from './batch.ts'
import type { ComponentContext } from './context.ts'

/**
 * A sink delivers events to a target. It is started once; after a failure to start or `stop` it is
 * thrown away and a new one is made.
 */
export interface Sink {
  /** How many writes the sink works on at a time; further ones wait in the channel. At least 1. */
  readonly writesMax: number

  /** Connects and brings the target in line with the saved state. Rejects when it cannot. */
  start(context: SinkContext): Promise<void>

  /**
   * Delivers the batches of one lease; resolves when the target has reached its own durability. The
   * result is the sink's state once these events are delivered, saved with their acknowledgement;
   * writes with state are acknowledged in the order of the calls, those without as they come.
   *
   * Rejects with a FlumeError that says whether it is `retryable` and whether the `outcome` is known.
   * Not retryable means that these events will never be taken; what a person can mend at the target is
   * retryable. In a flow with a dead-letter channel such events go there: those that the error names as
   * `failing`, and the rest is written again; else, with outcome 'none', the lease is halved until single
   * events are left, each failure being the end of this sink; with 'unknown', all of the lease.
   *
   * Settles always: the signal asks it to, and the sink ends within its own time-out.
   */
  write(batches: readonly Batch[], signal: AbortSignal): Promise<Buffer | undefined>

  /** Ends writes and closes. Safe without `start`, and twice. */
  stop(): Promise<void>

  /** Facts for /status. Cheap. */
  status?(): Readonly<Record<string, unknown>>
}

export interface SinkContext extends ComponentContext {
  /** What was saved last under this sink's name in its channel. */
  readonly state: Buffer | undefined
  /** Saves state ahead of an act; durable when resolved. See Channel.saveSinkState. */
  saveState(state: Buffer): Promise<void>
}
