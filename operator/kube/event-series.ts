import type { Clock } from '../../agent/lib/clock.ts'
import type { Random } from '../../agent/lib/random.ts'
import { microTime } from './micro-time.ts'
import type { KubeObject } from './types.ts'

/** What the API server takes. */
const NOTE_BYTES_MAX = 1024
const NAME_CHARS_MAX = 253
/** Events about objects of the cluster live here. */
const CLUSTER_EVENTS_NAMESPACE = 'default'

/** What happened to an object. */
export interface Happening {
  readonly type: 'Normal' | 'Warning'
  /** Why, in one word: `FlowRefused`. */
  readonly reason: string
  /** What was done or tried, in one word: `Deliver`. */
  readonly action: string
  /** One sentence for people. */
  readonly note: string
  readonly related?: KubeObject | undefined
}

/** An Event of events.k8s.io/v1. */
export interface KubeEvent extends KubeObject {
  readonly eventTime: string
  readonly type: string
  readonly reason: string
  readonly action: string
  readonly note: string
  readonly reportingController: string
  readonly reportingInstance: string
  readonly regarding: object
  readonly related?: object
  readonly series?: object
}

export interface EventSeriesOptions {
  readonly reportingController: string
  readonly reportingInstance: string
  readonly clock: Clock
  readonly random: Random
}

/** The same thing happening to the same object, once or again and again: one Event with a count. */
export class EventSeries {
  /** The count that the API server has; undefined: it knows nothing of it. */
  written: number | undefined
  /** See `keyOf`. */
  readonly key: string
  readonly #event: KubeEvent
  #count = 1
  #lastAtMs: number
  #lastTime: string

  constructor(regarding: KubeObject, happening: Happening, options: EventSeriesOptions) {
    const { clock, random, reportingController, reportingInstance } = options
    const { type, reason, action, note, related } = happening
    const { name, namespace = CLUSTER_EVENTS_NAMESPACE } = regarding.metadata
    const unique = random.bytes(8).toString('hex')
    this.key = EventSeries.keyOf(regarding, happening)
    this.#lastAtMs = clock.monotonic()
    this.#lastTime = microTime(clock.now())
    this.#event = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace, name: `${name.slice(0, NAME_CHARS_MAX - 17)}.${unique}` },
      eventTime: this.#lastTime,
      type,
      reason,
      action,
      note: cut(note),
      reportingController,
      reportingInstance,
      regarding: referenceTo(regarding),
      ...(related === undefined ? {} : { related: referenceTo(related) }),
    }
  }

  /** Equal for what belongs to one series. */
  static keyOf(regarding: KubeObject, happening: Happening): string {
    const { type, reason, action, note, related } = happening
    return JSON.stringify([
      referenceTo(regarding),
      type,
      reason,
      action,
      note,
      related && referenceTo(related),
    ])
  }

  get count(): number {
    return this.#count
  }

  /** On the monotonic clock. */
  get lastAtMs(): number {
    return this.#lastAtMs
  }

  /** The API server has an older count. */
  get isBehind(): boolean {
    return (this.written ?? 0) < this.#count
  }

  /** For logs. */
  get facts(): object {
    const { reason, note, metadata } = this.#event
    return { reason, note, event: metadata.name, namespace: metadata.namespace }
  }

  /** It happened once more. */
  again(clock: Clock): void {
    this.#count++
    this.#lastAtMs = clock.monotonic()
    this.#lastTime = microTime(clock.now())
  }

  /** As it is now. */
  event(): KubeEvent {
    return this.#count === 1 ? this.#event : { ...this.#event, series: this.counted() }
  }

  counted(): { readonly count: number; readonly lastObservedTime: string } {
    return { count: this.#count, lastObservedTime: this.#lastTime }
  }
}

function referenceTo({ apiVersion, kind, metadata }: KubeObject): object {
  const { namespace, name, uid } = metadata
  return { apiVersion, kind, namespace, name, uid }
}

function cut(note: string): string {
  if (Buffer.byteLength(note) <= NOTE_BYTES_MAX) return note
  // A character that the cut goes through decodes to a replacement character, which goes too.
  const bytes = Buffer.from(note).subarray(0, NOTE_BYTES_MAX - 3)
  return `${bytes.toString().replace(/\uFFFD$/, '')}…`
}
