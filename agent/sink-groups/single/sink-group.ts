import type { FlumeError } from '../../core/errors.ts'
import type { SinkGroup, SinkHealth } from '../../core/sink-group.ts'
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
  readonly #bounds: { readonly minMs: number; readonly maxMs: number }
  readonly #random: Random
  #failures = 0
  #retryAtMs: number | undefined
  #lastError: string | undefined

  constructor(config: SingleSinkGroupConfig, sink: string, random: Random) {
    this.sinks = [sink]
    this.#bounds = { minMs: config.backoffMin, maxMs: config.backoffMax }
    this.#random = random
  }

  choose(nowMs: number): { readonly sink: string } | { readonly retryAtMs: number } {
    if (this.#retryAtMs !== undefined && nowMs < this.#retryAtMs)
      return { retryAtMs: this.#retryAtMs }
    return { sink: this.sinks[0]! }
  }

  succeeded(): void {
    this.#failures = 0
    this.#retryAtMs = undefined
    this.#lastError = undefined
  }

  failed(_sink: string, error: FlumeError, nowMs: number): void {
    // Writes that were under way together and fail together are one failure.
    if (this.#retryAtMs === undefined || nowMs >= this.#retryAtMs) this.#failures++
    this.#retryAtMs = nowMs + backoffMs(this.#failures, this.#bounds, this.#random)
    this.#lastError = `${error.code} ${error.message}`
  }

  status(): readonly SinkHealth[] {
    return [
      {
        sink: this.sinks[0]!,
        live: this.#failures === 0,
        failures: this.#failures,
        retryAtMs: this.#retryAtMs,
        lastError: this.#lastError,
      },
    ]
  }
}
