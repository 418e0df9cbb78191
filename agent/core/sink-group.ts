import type { FlumeError } from './errors.ts'

/**
 * Which sink of a group gets the next lease. Pure policy: it holds back-off state, is told what
 * happened and when, and does no I/O. Times are Clock.monotonic() milliseconds.
 */
export interface SinkGroup {
  /** The sinks of the group, in configured order. */
  readonly sinks: readonly string[]
  /**
   * A start or a write that takes longer counts as a failure of its sink, so that another one takes over.
   * The write keeps its events until it ends. undefined: it is waited for.
   */
  readonly timeoutMs: number | undefined
  /**
   * The sink to write to now, or the time at which to ask again: then, or earlier when a write has
   * ended; Infinity: only when one has. Asking changes nothing.
   *
   * `isFree` tells whether a sink takes another write at once; one that is chosen although it is not
   * is waited for, so a policy that spreads the load passes over it, lest a peer that hangs holds up
   * the others.
   */
  choose(
    nowMs: number,
    isFree: (sink: string) => boolean,
  ): { readonly sink: string } | { readonly retryAtMs: number }
  /** The chosen sink was given a write. */
  assigned(sink: string, nowMs: number): void
  /** A write ended well. One that was under way when the sink failed may do so after the failure. */
  succeeded(sink: string, nowMs: number): void
  /** A start or a write failed; told once for writes that were under way together. */
  failed(sink: string, error: FlumeError, nowMs: number): void
  /** Per sink: whether it is used, and why not. For /status. */
  status(nowMs: number): readonly SinkHealth[]
}

export interface SinkHealth {
  readonly sink: string
  /** Whether the group uses it: not backed off, not in reserve. */
  readonly live: boolean
  /** In a row, since the last success. */
  readonly failures: number
  /** When it is tried again. undefined: it works, or is in reserve. */
  readonly retryAtMs: number | undefined
  /** Code and message of the last failure, until a success. */
  readonly lastError: string | undefined
}
