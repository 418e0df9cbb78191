import type { FlumeError } from '../../core/errors.ts'
import type { SinkGroup, SinkHealth } from '../../core/sink-group.ts'
import { SinkPenalties, doublingPenaltyMs } from '../../core/sink-penalties.ts'
import type { SinkState } from '../../core/sink-penalties.ts'
import type { FailoverSinkGroupConfig } from './config.ts'

/** The sink with the highest priority among those that work; the others are in reserve. */
export function createSinkGroup(
  config: FailoverSinkGroupConfig,
  sinks: readonly string[],
): SinkGroup {
  return new FailoverSinkGroup(config, sinks)
}

class FailoverSinkGroup implements SinkGroup {
  readonly sinks: readonly string[]
  readonly timeoutMs: number
  /** Highest priority first. */
  readonly #ranked: readonly string[]
  readonly #penalties: SinkPenalties

  constructor(config: FailoverSinkGroupConfig, sinks: readonly string[]) {
    this.sinks = sinks
    this.timeoutMs = config.timeout
    this.#ranked = config.priorities
      .toSorted((a, b) => b.priority - a.priority)
      .map(({ sink }) => sink)
    this.#penalties = new SinkPenalties(sinks, {
      penaltyMs: (failures) => doublingPenaltyMs(failures, config.maxPenalty),
    })
  }

  /**
   * The first that is live, unless one above it is due: that one is tried by a single write, while the
   * live one goes on. A live sink that is busy is waited for; one that is due is not.
   */
  choose(
    nowMs: number,
    isFree: (sink: string) => boolean,
  ): { readonly sink: string } | { readonly retryAtMs: number } {
    for (const sink of this.#ranked) {
      const state = this.#penalties.state(sink, nowMs)
      if (state === 'live' || (state === 'due' && isFree(sink))) return { sink }
    }
    return { retryAtMs: this.#penalties.nextRetryMs(nowMs) }
  }

  assigned(sink: string): void {
    this.#penalties.assigned(sink)
  }

  succeeded(sink: string, nowMs: number): void {
    this.#penalties.succeeded(sink, nowMs)
  }

  failed(sink: string, error: FlumeError, nowMs: number): void {
    this.#penalties.failed(sink, error, nowMs)
  }

  status(nowMs: number): readonly SinkHealth[] {
    const stateOf = (sink: string): SinkState => this.#penalties.state(sink, nowMs)
    const used = this.#ranked.findIndex((sink) => stateOf(sink) === 'live')
    return this.sinks.map((sink) => {
      const rank = this.#ranked.indexOf(sink)
      const health = this.#penalties.health(sink, rank === used)
      // Below the live one it is in reserve: nothing tries it before that one fails.
      const isReserve = used !== -1 && rank > used && stateOf(sink) === 'due'
      return isReserve ? Object.assign(health, { retryAtMs: undefined }) : health
    })
  }
}
