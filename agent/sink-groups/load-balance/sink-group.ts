import type { FlumeError } from '../../core/errors.ts'
import type { SinkGroup, SinkHealth } from '../../core/sink-group.ts'
import { SinkPenalties, doublingPenaltyMs } from '../../core/sink-penalties.ts'
import type { Random } from '../../lib/random.ts'
import type { LoadBalanceSinkGroupConfig } from './config.ts'
import { RandomTurns, RoundRobinTurns } from './turns.ts'
import type { Turns } from './turns.ts'

/** Flume's: a failure within an hour after the last penalty follows on it. */
const REMEMBER_MS = 3_600_000

/** Batches go to all sinks that work, in turn or at random. */
export function createSinkGroup(
  config: LoadBalanceSinkGroupConfig,
  sinks: readonly string[],
  random: Random,
): SinkGroup {
  return new LoadBalanceSinkGroup(config, sinks, random)
}

class LoadBalanceSinkGroup implements SinkGroup {
  readonly sinks: readonly string[]
  readonly timeoutMs: number
  readonly #config: LoadBalanceSinkGroupConfig
  readonly #turns: Turns
  readonly #penalties: SinkPenalties
  /** The sink whose write failed; the attempt that follows belongs to the same turn. */
  #retryOf: string | undefined
  /** Failed since any sink last delivered. */
  readonly #failed = new Set<string>()
  /** Without back-off: how often all have failed in a row, and until when none is tried. */
  #failedRounds = 0
  #pausedUntilMs = -Infinity

  constructor(config: LoadBalanceSinkGroupConfig, sinks: readonly string[], random: Random) {
    this.sinks = sinks
    this.timeoutMs = config.timeout
    this.#config = config
    this.#turns =
      config.selector === 'Random' ? new RandomTurns(sinks, random) : new RoundRobinTurns(sinks)
    this.#penalties = new SinkPenalties(sinks, {
      penaltyMs: (failures) => (config.backoff ? this.#penaltyMs(failures) : 0),
      rememberMs: REMEMBER_MS,
    })
  }

  choose(
    nowMs: number,
    isFree: (sink: string) => boolean,
  ): { readonly sink: string } | { readonly retryAtMs: number } {
    if (nowMs < this.#pausedUntilMs) return { retryAtMs: this.#pausedUntilMs }
    const sink = this.#order(nowMs).find(
      (each) => isFree(each) && this.#penalties.state(each, nowMs) !== 'probing',
    )
    return sink === undefined ? { retryAtMs: this.#penalties.nextRetryMs(nowMs) } : { sink }
  }

  assigned(sink: string, nowMs: number): void {
    if (this.#retryOf === undefined) this.#turns.took(sink, this.#active(nowMs))
    this.#retryOf = undefined
    this.#penalties.assigned(sink)
  }

  succeeded(sink: string, nowMs: number): void {
    this.#penalties.succeeded(sink, nowMs)
    this.#failed.clear()
    this.#failedRounds = 0
  }

  failed(sink: string, error: FlumeError, nowMs: number): void {
    this.#penalties.failed(sink, error, nowMs)
    this.#retryOf = sink
    this.#failed.add(sink)
    if (this.#config.backoff || this.#failed.size < this.sinks.length) return
    this.#failed.clear()
    this.#retryOf = undefined
    this.#pausedUntilMs = nowMs + this.#penaltyMs(++this.#failedRounds)
  }

  status(nowMs: number): readonly SinkHealth[] {
    return this.sinks.map((sink) =>
      this.#penalties.health(sink, this.#penalties.state(sink, nowMs) === 'live'),
    )
  }

  /** The sinks that are not backed off, in the order in which they are asked now. */
  #order(nowMs: number): readonly string[] {
    const active = this.#active(nowMs)
    if (this.#retryOf === undefined) return this.#turns.order(active)
    const order = this.#turns.orderAfter(this.#retryOf, active)
    const hasFailed = (sink: string): boolean => this.#failed.has(sink)
    return [...order.filter((sink) => !hasFailed(sink)), ...order.filter(hasFailed)]
  }

  #active(nowMs: number): readonly string[] {
    return this.sinks.filter((sink) => this.#penalties.state(sink, nowMs) !== 'penalized')
  }

  #penaltyMs(failures: number): number {
    return doublingPenaltyMs(failures, this.#config.maxBackoff)
  }
}
