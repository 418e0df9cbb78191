import { backoffMs } from '../../agent/lib/backoff.ts'
import type { Clock, Timer } from '../../agent/lib/clock.ts'
import type { Random } from '../../agent/lib/random.ts'
import type { KubeMetrics, RunningWork } from './metrics.ts'

/** Of one key, between repeats after failures. */
export const QUEUE_BACKOFF = { minMs: 5, maxMs: 1_000_000 }

export interface WorkQueueOptions {
  /** Of the controller whose keys it holds; a label of its metrics. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly metrics: KubeMetrics
}

interface Delayed {
  readonly dueMs: number
  readonly timer: Timer
}

/**
 * Keys that want work. A key waits at most once however often it is added, and is worked on by one worker
 * at a time; added meanwhile, it comes again afterwards. So it holds no more than the keys there are.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions
  readonly #labels: { readonly name: string; readonly controller: string }
  /** Key → since when; in order. */
  readonly #waiting = new Map<string, number>()
  readonly #delayed = new Map<string, Delayed>()
  /** Key → since when. */
  readonly #inWork = new Map<string, number>()
  readonly #again = new Set<string>()
  readonly #failures = new Map<string, number>()
  readonly #takers: ((key: string | undefined) => void)[] = []
  readonly #unwatch: () => void
  #closed = false

  constructor(options: WorkQueueOptions) {
    this.#options = options
    this.#labels = { name: options.name, controller: options.name }
    this.#unwatch = options.metrics.queue.watch(() => this.#running())
    this.#measureDepth()
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#waiting.size
  }

  add(key: string): void {
    if (this.#closed) return
    this.#undelay(key)
    if (this.#waiting.has(key) || this.#again.has(key)) return
    const { clock, metrics } = this.#options
    metrics.queue.adds.inc(this.#labels)
    if (this.#inWork.has(key)) {
      this.#again.add(key)
      return
    }
    this.#waiting.set(key, clock.monotonic())
    this.#serve()
  }

  /** Adds it after a while, unless it is added before. Of several delays the shortest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed || this.#waiting.has(key)) return
    const { clock } = this.#options
    const dueMs = clock.monotonic() + delayMs
    const present = this.#delayed.get(key)
    if (present !== undefined && present.dueMs <= dueMs) return
    present?.timer.clear()
    this.#delayed.set(key, { dueMs, timer: clock.schedule(() => this.add(key), delayMs) })
  }

  /** Adds it after its back-off, which grows until it is forgotten, or after `atLeastMs` if that is longer. */
  addRateLimited(key: string, atLeastMs = 0): void {
    const { random, metrics } = this.#options
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    metrics.queue.retries.inc(this.#labels)
    this.addAfter(key, Math.max(atLeastMs, backoffMs(failures, QUEUE_BACKOFF, random)))
  }

  /** It is well: its back-off starts anew. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /** In a row, since it was last forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  /** The next key, as soon as there is one; undefined when the queue is closed. `done` has to follow. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined)
    const taken = new Promise<string | undefined>((resolve) => this.#takers.push(resolve))
    this.#serve()
    return taken
  }

  /** The work on it is over. */
  done(key: string): void {
    const { clock, metrics } = this.#options
    const sinceMs = this.#inWork.get(key)
    if (sinceMs === undefined) return
    this.#inWork.delete(key)
    metrics.queue.workSeconds.observe(this.#labels, (clock.monotonic() - sinceMs) / 1000)
    if (!this.#again.delete(key) || this.#closed) return
    this.#waiting.set(key, clock.monotonic())
    this.#serve()
  }

  /** Whoever waits for a key gets none; what waits is dropped. */
  close(): void {
    this.#closed = true
    for (const { timer } of this.#delayed.values()) timer.clear()
    this.#delayed.clear()
    this.#waiting.clear()
    this.#again.clear()
    this.#unwatch()
    for (const resolve of this.#takers.splice(0)) resolve(undefined)
    this.#measureDepth()
  }

  #serve(): void {
    const { clock, metrics } = this.#options
    for (const [key, sinceMs] of this.#waiting) {
      const resolve = this.#takers.shift()
      if (resolve === undefined) break
      const nowMs = clock.monotonic()
      metrics.queue.queueSeconds.observe(this.#labels, (nowMs - sinceMs) / 1000)
      this.#waiting.delete(key)
      this.#inWork.set(key, nowMs)
      resolve(key)
    }
    this.#measureDepth()
  }

  #undelay(key: string): void {
    this.#delayed.get(key)?.timer.clear()
    this.#delayed.delete(key)
  }

  #measureDepth(): void {
    this.#options.metrics.queue.depth.set(this.#labels, this.#waiting.size)
  }

  #running(): RunningWork {
    const nowMs = this.#options.clock.monotonic()
    const seconds = [...this.#inWork.values()].map((sinceMs) => (nowMs - sinceMs) / 1000)
    return {
      name: this.#options.name,
      unfinishedSeconds: seconds.reduce((sum, each) => sum + each, 0),
      longestSeconds: Math.max(0, ...seconds),
    }
  }
}
