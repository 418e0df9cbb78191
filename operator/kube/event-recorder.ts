import type { Logger } from '../../agent/core/logger.ts'
import { backoffMs } from '../../agent/lib/backoff.ts'
import type { Clock, Timer } from '../../agent/lib/clock.ts'
import { sleep } from '../../agent/lib/clock.ts'
import type { Random } from '../../agent/lib/random.ts'
import type { KubeClient } from './client.ts'
import { isAlreadyExists, isNotFound } from './errors.ts'
import { EventSeries } from './event-series.ts'
import type { Happening } from './event-series.ts'
import { failureOf } from './transport.ts'
import type { KubeMetrics } from './metrics.ts'
import { RESOURCES } from './resources.ts'
import { TokenBucket } from './token-bucket.ts'
import type { KubeObject } from './types.ts'

/** Series that are kept to be counted on; of more, the one is forgotten that was silent for the longest. */
export const SERIES_MAX = 1_000
/** A series is over after so long a silence, as Kubernetes has it: the next time makes a new Event. */
const SERIES_SILENCE_MS = 6 * 60_000
/** How often the count of a series is written. */
export const COUNT_PERIOD_MS = 60_000
/** New Events about one object: as client-go allows. */
export const BUCKET = { burst: 25, refillMs: 5 * 60_000 }
const BUCKETS_MAX = 1_000
/** Events that wait to be written. */
export const WAITING_MAX = 200
const ATTEMPTS_MAX = 3
const RETRY_BACKOFF = { minMs: 500, maxMs: 10_000 }
const STOP_TIMEOUT_MS = 5_000

export interface EventRecorderOptions {
  readonly client: KubeClient
  /** As in `flume-operator.io/operator`. */
  readonly reportingController: string
  /** The name of the pod. */
  readonly reportingInstance: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: KubeMetrics
}

/**
 * Tells users what happened to an object, as `kubectl describe` shows it. Never waited for, never in the
 * way: repeats are counted, floods are cut off, what cannot be written is dropped and counted in a metric.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions
  /** By what makes two happenings one series; the one that was silent for the longest first. */
  readonly #series = new Map<string, EventSeries>()
  /** By the UID of the object; the one used the longest ago first. */
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #waiting = new Set<EventSeries>()
  readonly #ending = new AbortController()
  #writing: Promise<void> | undefined
  #counting: Timer | undefined
  #isStopping = false

  constructor(options: EventRecorderOptions) {
    this.#options = options
  }

  /** Never throws and never waits. */
  record(regarding: KubeObject, happening: Happening): void {
    if (this.#isStopping) return
    const { clock } = this.#options
    const key = EventSeries.keyOf(regarding, happening)
    const present = this.#series.get(key)
    this.#series.delete(key)
    if (present !== undefined && clock.monotonic() - present.lastAtMs < SERIES_SILENCE_MS) {
      this.#series.set(key, present)
      present.again(clock)
      this.#countLater()
      return
    }
    if (!this.#bucketOf(regarding).take()) {
      this.#options.metrics.eventsDropped.inc({ reason: 'rate' })
      return
    }
    const series = new EventSeries(regarding, happening, this.#options)
    remember(this.#series, { key, value: series, max: SERIES_MAX })
    this.#enqueue(series)
  }

  /** Writes what waits, within a few seconds. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#counting?.clear()
    this.#enqueueCounts()
    const timer = this.#options.clock.schedule(() => this.#ending.abort(), STOP_TIMEOUT_MS)
    await this.#writing
    timer.clear()
  }

  #bucketOf(regarding: KubeObject): TokenBucket {
    const { uid, name } = regarding.metadata
    const key = uid ?? name
    const bucket =
      this.#buckets.get(key) ?? new TokenBucket({ ...BUCKET, clock: this.#options.clock })
    this.#buckets.delete(key)
    remember(this.#buckets, { key, value: bucket, max: BUCKETS_MAX })
    return bucket
  }

  #countLater(): void {
    this.#counting ??= this.#options.clock.schedule(() => {
      this.#counting = undefined
      this.#enqueueCounts()
    }, COUNT_PERIOD_MS)
  }

  #enqueueCounts(): void {
    for (const series of this.#series.values()) if (series.isBehind) this.#enqueue(series)
  }

  #enqueue(series: EventSeries): void {
    if (this.#waiting.size >= WAITING_MAX) {
      this.#drop(series, 'full')
      return
    }
    this.#waiting.add(series)
    this.#writing ??= this.#write()
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    for (const series of this.#waiting) {
      this.#waiting.delete(series)
      if (this.#ending.signal.aborted) this.#drop(series, 'failed')
      else await this.#writeOne(series)
    }
    this.#writing = undefined
  }

  async #writeOne(series: EventSeries): Promise<void> {
    const { log, clock, random } = this.#options
    const { signal } = this.#ending
    for (let failures = 0; ;) {
      try {
        await this.#send(series, signal)
        return
      } catch (thrown) {
        const error = failureOf('write an event', thrown)
        if (++failures >= ATTEMPTS_MAX || !error.retryable || signal.aborted) {
          this.#drop(series, 'failed')
          log.warn({ error, ...series.facts }, 'an event could not be written')
          return
        }
        const delayMs = Math.max(
          backoffMs(failures, RETRY_BACKOFF, random),
          error.retryAfterMs ?? 0,
        )
        await sleep(clock, delayMs, signal)
      }
    }
  }

  async #send(series: EventSeries, signal: AbortSignal): Promise<void> {
    const { client } = this.#options
    const { written, count } = series
    if (!series.isBehind) return
    if (written === undefined) await this.#create(series, signal)
    else {
      const patch = { merge: { series: series.counted() } }
      try {
        await client.patch(RESOURCES.events, series.event().metadata, patch, { signal })
      } catch (thrown) {
        // The API server forgets Events after an hour.
        if (!isNotFound(thrown)) throw thrown
        await this.#create(series, signal)
      }
    }
    series.written = count
  }

  async #create(series: EventSeries, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.client.create(RESOURCES.events, series.event(), { signal })
    } catch (thrown) {
      // The name is like no other's: an attempt before this one was carried out after all.
      if (!isAlreadyExists(thrown)) throw thrown
    }
  }

  /** The next time makes a new Event, if this one was never written. */
  #drop(series: EventSeries, reason: 'full' | 'failed'): void {
    this.#options.metrics.eventsDropped.inc({ reason })
    if (series.written === undefined) this.#series.delete(series.key)
  }
}

/** As the newest; the oldest goes when there are too many. */
function remember<V>(
  map: Map<string, V>,
  { key, value, max }: { readonly key: string; readonly value: V; readonly max: number },
): void {
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= max) return
    map.delete(oldest)
  }
}
