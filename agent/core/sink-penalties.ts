import type { FlumeError } from './errors.ts'
import type { SinkHealth } from './sink-group.ts'

/**
 * 'live': it has not failed since it last delivered. 'penalized': it failed and is left alone. 'due':
 * its penalty is over. 'probing': it was then given one write, and gets no further one before that
 * ended: a sink that is still dead must not collect events.
 */
export type SinkState = 'live' | 'penalized' | 'due' | 'probing'

interface Record {
  failures: number
  /** Failures that made the penalty; may outlast a success. */
  streak: number
  failedAtMs: number
  retryAtMs: number | undefined
  probing: boolean
  lastError: string | undefined
}

export interface PenaltyOptions {
  /** How long a sink is left alone after the n-th failure in a row; n counts from 1. */
  readonly penaltyMs: (failures: number) => number
  /** A failure within this time after the last penalty follows on it, whatever happened between. */
  readonly rememberMs?: number
}

/** Which sinks of a group failed, and until when they are left alone. The memory of the policies. */
export class SinkPenalties {
  readonly #options: PenaltyOptions
  readonly #records: ReadonlyMap<string, Record>

  constructor(sinks: readonly string[], options: PenaltyOptions) {
    this.#options = options
    this.#records = new Map(
      sinks.map((sink) => [
        sink,
        {
          failures: 0,
          streak: 0,
          failedAtMs: 0,
          retryAtMs: undefined,
          probing: false,
          lastError: undefined,
        },
      ]),
    )
  }

  state(sink: string, nowMs: number): SinkState {
    const { retryAtMs, probing } = this.#of(sink)
    if (retryAtMs === undefined) return 'live'
    if (nowMs < retryAtMs) return 'penalized'
    return probing ? 'probing' : 'due'
  }

  assigned(sink: string): void {
    const record = this.#of(sink)
    record.probing = record.retryAtMs !== undefined
  }

  succeeded(sink: string, nowMs: number): void {
    const record = this.#of(sink)
    if (record.retryAtMs === undefined) return
    // Written before the failure: it says nothing about the sink of now.
    if (nowMs < record.retryAtMs) return
    record.failures = 0
    record.retryAtMs = undefined
    record.probing = false
    record.lastError = undefined
    if (this.#options.rememberMs === undefined) record.streak = 0
  }

  failed(sink: string, error: FlumeError, nowMs: number): void {
    const record = this.#of(sink)
    record.lastError = `${error.code} ${error.message}`
    // Writes that were under way together and fail together are one failure.
    if (record.retryAtMs !== undefined && nowMs < record.retryAtMs) return
    const sinceMs = nowMs - record.failedAtMs
    const { penaltyMs, rememberMs = Infinity } = this.#options
    const follows = record.streak > 0 && sinceMs < penaltyMs(record.streak) + rememberMs
    record.streak = follows ? record.streak + 1 : 1
    record.failures++
    record.failedAtMs = nowMs
    record.retryAtMs = nowMs + penaltyMs(record.streak)
    record.probing = false
  }

  /** When the first of the penalties that last at `nowMs` ends; Infinity when none does. */
  nextRetryMs(nowMs: number): number {
    const ends = [...this.#records.values()].map(({ retryAtMs }) => retryAtMs ?? Infinity)
    return Math.min(...ends.filter((endMs) => endMs > nowMs), Infinity)
  }

  health(sink: string, live: boolean): SinkHealth {
    const { failures, retryAtMs, lastError } = this.#of(sink)
    return { sink, live, failures, retryAtMs, lastError }
  }

  #of(sink: string): Record {
    return this.#records.get(sink)!
  }
}

/**
 * Flume's penalty: 2 s after the first failure, doubled by each further one, at most `maxMs`. The
 * exponent is bounded: Flume's shift overflows, and its penalty is negative from the 22nd failure on.
 */
export function doublingPenaltyMs(failures: number, maxMs: number): number {
  return Math.min(maxMs, 1000 * 2 ** Math.min(failures, 30))
}
