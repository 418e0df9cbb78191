import type { Logger } from '../../agent/core/logger.ts'
import { backoffMs } from '../../agent/lib/backoff.ts'
import type { Clock } from '../../agent/lib/clock.ts'
import { sleep } from '../../agent/lib/clock.ts'
import type { Random } from '../../agent/lib/random.ts'
import type { Selection } from './calls.ts'
import type { KubeClient } from './client.ts'
import { PAGE_ITEMS } from './client.ts'
import { isExpired, KubeError } from './errors.ts'
import { failureOf } from './transport.ts'
import type { KubeObject, ResourceType } from './types.ts'

/** Between attempts to list or watch that fail. */
export const REFLECTOR_BACKOFF = { minMs: 200, maxMs: 30_000 }
/** A watch that ends sooner, without an event, counts as a failure: else it would be asked for without a pause. */
const SHORT_WATCH_MS = 5_000
/** After so many failed watches in a row it is listed anew: the fault may be in the version we watch from. */
const WATCH_FAILURES_MAX = 5

/** Where a reflector puts what it sees. */
export interface ReflectorTarget<T extends KubeObject> {
  /** The collection as listed. */
  replace(objects: readonly T[]): void
  put(object: T): void
  delete(object: T): void
}

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient
  readonly type: ResourceType
  readonly selection: Selection
  readonly transform: (object: T) => T
  readonly target: ReflectorTarget<T>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/**
 * Keeps a copy of a collection: lists it page by page, then watches from there, for ever. Whatever ends a
 * watch (resets, silence, refusals, the server's time limit), it goes on from the last version it saw; it
 * lists anew only when that version is too old for the server.
 *
 * The list is paged and consistent, not streamed by the watch (`sendInitialEvents`): that would be a
 * second way, which older servers and switched-off features refuse, so that paging would have to stay.
 */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>
  readonly #ending = new AbortController()
  #resourceVersion: string | undefined
  #hasListed = false
  #heardAtMs = -Infinity
  #failures = 0
  #pageItems = PAGE_ITEMS
  #running: Promise<void> | undefined

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
  }

  /** How far the copy is: of the last list, event or bookmark. */
  get resourceVersion(): string | undefined {
    return this.#resourceVersion
  }

  /** Once true, always true. */
  get hasListed(): boolean {
    return this.#hasListed
  }

  /** Since the server last said anything, bookmarks included; Infinity before that. */
  get silentMs(): number {
    return this.#options.clock.monotonic() - this.#heardAtMs
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    await this.#running
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#ending
    let isCurrent = false
    while (!signal.aborted) {
      try {
        if (!isCurrent) await this.#list()
        isCurrent = true
        await this.#watch()
      } catch (thrown) {
        if (signal.aborted) return
        const error = failureOf(`keep up with ${this.#options.type.plural}`, thrown)
        isCurrent = isCurrent && !isExpired(error) && this.#failures < WATCH_FAILURES_MAX
        await this.#pause(error)
      }
    }
  }

  async #list(): Promise<void> {
    const { client, type, selection, transform, target } = this.#options
    const { signal } = this.#ending
    const objects: T[] = []
    let resourceVersion = ''
    const pageItems = this.#pageItems
    try {
      for await (const page of client.pages<T>(type, { ...selection, signal, pageItems })) {
        for (const item of page.items) objects.push(transform(item))
        resourceVersion = page.resourceVersion
        this.#heard()
      }
    } catch (thrown) {
      // Changes outrun the paging: then all in one.
      if (isExpired(thrown)) this.#pageItems = 0
      throw thrown
    }
    this.#pageItems = PAGE_ITEMS
    this.#hasListed = true
    target.replace(objects)
    this.#resourceVersion = resourceVersion
  }

  /** Returns when the server ends the watch in good order. */
  async #watch(): Promise<void> {
    const { client, type, selection, clock } = this.#options
    const { signal } = this.#ending
    const startedAtMs = clock.monotonic()
    const resourceVersion = this.#resourceVersion!
    let events = 0
    try {
      for await (const event of client.watch<T>(type, { ...selection, resourceVersion, signal })) {
        this.#heard()
        events++
        if (event.type === 'BOOKMARK') this.#resourceVersion = event.resourceVersion
        else this.#take(event.type, event.object)
      }
    } finally {
      if (events > 0 || clock.monotonic() - startedAtMs >= SHORT_WATCH_MS) this.#failures = 0
    }
    if (signal.aborted || this.#failures === 0) return
    throw new KubeError('FLM7101', `watch ${type.plural}`, {
      why: 'the API server ended the watch at once',
      retryable: true,
    })
  }

  #take(type: 'ADDED' | 'MODIFIED' | 'DELETED', raw: T): void {
    const { transform, target } = this.#options
    const object = transform(raw)
    if (type === 'DELETED') target.delete(object)
    else target.put(object)
    // Last, so that whoever compares versions never takes a state for newer than it is.
    this.#resourceVersion = raw.metadata.resourceVersion ?? this.#resourceVersion
  }

  #heard(): void {
    this.#heardAtMs = this.#options.clock.monotonic()
  }

  async #pause(error: KubeError): Promise<void> {
    const { clock, random, log, type, selection } = this.#options
    this.#failures++
    const backoff = backoffMs(this.#failures, REFLECTOR_BACKOFF, random)
    const delayMs = Math.max(backoff, error.retryAfterMs ?? 0)
    const fields = { kind: type.kind, namespace: selection.namespace, error, delayMs }
    // One failure is everyday: a connection ends, a version expires.
    if (this.#failures === 1) log.debug(fields, 'watch interrupted')
    else log.warn({ ...fields, failures: this.#failures }, 'watch fails')
    await sleep(clock, delayMs, this.#ending.signal)
  }
}
