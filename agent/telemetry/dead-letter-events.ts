import type { Logger } from '../core/logger.ts'
import type { Metrics } from './metrics.ts'

/** Least time between two log lines of one component: with one bad event in each batch there would be thousands. */
const LOG_EVERY_MS = 10_000

/** What one component hands to the dead-letter channel of its flow. */
export class DeadLetterEvents {
  #total = 0
  /** Not in a log line yet. */
  #unlogged = 0
  #loggedAtMs = -Infinity
  readonly #flow: string
  readonly #log: Logger
  readonly #metrics: Metrics

  constructor(flow: string, to: { readonly log: Logger; readonly metrics: Metrics }) {
    this.#flow = flow
    this.#log = to.log
    this.#metrics = to.metrics
  }

  /** Events since the component was made. */
  get total(): number {
    return this.#total
  }

  /** `kind`: one of few words, or an error code; `nowMs`: monotonic. */
  deadLettered(
    events: number,
    why: { readonly component: string; readonly kind: string; readonly reason: string },
    nowMs: number,
  ): void {
    const { component, kind, reason } = why
    this.#total += events
    this.#unlogged += events
    this.#metrics.deadLetters.inc({ flow: this.#flow, component, reason: kind }, events)
    if (nowMs - this.#loggedAtMs < LOG_EVERY_MS) return
    this.#log.warn({ component, events: this.#unlogged, reason }, 'events became dead letters')
    this.#loggedAtMs = nowMs
    this.#unlogged = 0
  }
}
