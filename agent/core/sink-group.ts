import type { FlumeError } from './errors.ts'

/**
 * Which sink of a group gets the next lease. Pure policy: it holds back-off state, is told what
 * happened and when, and does no I/O. Times are Clock.monotonic() milliseconds.
 */
export interface SinkGroup {
  /** The sinks of the group, in configured order. */
  readonly sinks: readonly string[]
  /**
   * The sink to use now, or the time at which to ask again. `isFree` tells whether a sink takes another
   * write at once; one that is chosen although it is not is waited for, so a policy that spreads the load
   * passes over it, lest a peer that hangs holds up the others.
   */
  choose(
    nowMs: number,
    isFree: (sink: string) => boolean,
  ): { readonly sink: string } | { readonly retryAtMs: number }
  succeeded(sink: string, nowMs: number): void
  failed(sink: string, error: FlumeError, nowMs: number): void
  /** Per sink: whether it is used, and why not. For /status. */
  status(nowMs: number): readonly SinkHealth[]
}

export interface SinkHealth {
  readonly sink: string
  readonly live: boolean
  readonly failures: number
  readonly retryAtMs: number | undefined
  readonly lastError: string | undefined
}
