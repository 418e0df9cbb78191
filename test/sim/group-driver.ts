import { FlumeError } from '../../agent/core/errors.ts'
import type { SinkGroup } from '../../agent/core/sink-group.ts'

const ATTEMPTS_MAX = 1000

/** A sink group with sinks of a test, called as Flume calls its sink processors: one event each. */
export class GroupDriver {
  readonly group: SinkGroup
  /** Events by sink. */
  readonly delivered: Readonly<Record<string, number>>
  readonly attempts: string[] = []
  nowMs = 0
  #accepts: (sink: string) => boolean = () => true

  constructor(group: SinkGroup) {
    this.group = group
    this.delivered = Object.fromEntries(group.sinks.map((sink) => [sink, 0]))
  }

  /** The sinks that fail from now on. */
  failing(...sinks: readonly string[]): void {
    this.#accepts = (sink) => !sinks.includes(sink)
  }

  /** From now on these sinks take as many events in all, and then fail. */
  quotas(quotas: Readonly<Record<string, number>>): void {
    this.#accepts = (sink) => this.delivered[sink]! < quotas[sink]!
  }

  /** One event to one sink; false when no sink took it and the group wants to wait. */
  call(): boolean {
    for (let i = 0; i < ATTEMPTS_MAX; i++) {
      const choice = this.group.choose(this.nowMs, () => true)
      if ('retryAtMs' in choice) return false
      const { sink } = choice
      this.attempts.push(sink)
      this.group.assigned(sink, this.nowMs)
      if (this.#accepts(sink)) {
        ;(this.delivered as Record<string, number>)[sink]!++
        this.group.succeeded(sink, this.nowMs)
        return true
      }
      this.group.failed(sink, sinkFailure, this.nowMs)
    }
    throw new Error(`${ATTEMPTS_MAX} attempts at one moment: a busy loop`)
  }

  calls(count: number): void {
    for (let i = 0; i < count; i++) this.call()
  }

  sleep(ms: number): void {
    this.nowMs += ms
  }
}

export const sinkFailure = new FlumeError('FLM4201', 'the test says so', { retryable: true })
