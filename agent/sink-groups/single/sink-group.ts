import type { FlumeError } from '../../core/errors.ts'
import type { SinkGroup, SinkHealth } from '../../core/sink-group.ts'
import { SinkPenalties } from '../../core/sink-penalties.ts'
import { backoffMs } from '../../lib/backoff.ts'
import type { Random } from '../../lib/random.ts'
import type { SingleSinkGroupConfig } from './config.ts'

/** One sink: used until it fails, then again after a delay that doubles with each failure. */
export function createSinkGroup(
  config: SingleSinkGroupConfig,
  sinks: readonly string[],
  random: Random,
): SinkGroup {
  if (sinks.length !== 1) throw new RangeError(`a single sink group with ${sinks.length} sinks`)
  return new SingleSinkGroup(config, sinks[0]!, random)
}

class SingleSinkGroup implements SinkGroup {
  readonly sinks: readonly string[]
  /** There is none that could take over. */
  readonly timeoutMs = undefined
  readonly #sink: string
  readonly #penalties: SinkPenalties

  constructor(config: SingleSinkGroupConfig, sink: string, random: Random) {
    this.sinks = [sink]
    this.#sink = sink
    const bounds = { minMs: config.backoffMin, maxMs: config.backoffMax }
    this.#penalties = new SinkPenalties([sink], {
      penaltyMs: (failures) => backoffMs(failures, bounds, random),
    })
  }

  choose(nowMs: number): { readonly sink: string } | { readonly retryAtMs: number } {
    if (this.#penalties.state(this.#sink, nowMs) === 'penalized')
      return { retryAtMs: this.#penalties.nextRetryMs(nowMs) }
    return { sink: this.#sink }
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
    const live = this.#penalties.state(this.#sink, nowMs) === 'live'
    return [this.#penalties.health(this.#sink, live)]
  }
}
