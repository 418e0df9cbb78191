import type { Batch } from '../../core/batch.ts'
import { NO_HEADERS } from '../../core/batch.ts'
import { toFlumeError } from '../../core/errors.ts'
import type { Source, SourceContext } from '../../core/source.ts'
import { sleep } from '../../lib/clock.ts'
import { Window } from '../../lib/window.ts'
import type { StressSourceConfig } from './config.ts'
import { Pace } from './pace.ts'

/** Batches on their way into the channels; at a fixed rate, further ones are late. */
const OPEN_MAX = 64
/** Batches between two turns of the event loop: a channel in memory would never let go of it. */
const TURN_BATCHES_MAX = 16
/** Lateness that is made up for; more would be a burst. */
const CATCH_UP_MS = 20
/** Digits of the number in a body: a fixed width keeps all bodies equally long. */
const NUMBER_DIGITS = 12

/**
 * Makes events of a fixed size at a fixed rate. Bodies are `<prefix>-<number> xxxx…`, each different,
 * so that whoever gets them can count losses and duplicates.
 */
export function createSource(config: StressSourceConfig): Source {
  return new StressSource(config)
}

class StressSource implements Source {
  readonly #config: StressSourceConfig
  readonly #end: number
  readonly #ending = new AbortController()
  #made = 0
  #pace: Pace | undefined
  #running: Promise<void> | undefined

  constructor(config: StressSourceConfig) {
    this.#config = config
    this.#end = config.maxTotalEvents ?? Number.MAX_SAFE_INTEGER
  }

  async start(context: SourceContext): Promise<void> {
    const { eventsPerSecond, batchSize, prefix, size } = this.#config
    if (eventsPerSecond !== undefined) {
      const intervalMs = (batchSize * 1000) / eventsPerSecond
      this.#pace = new Pace(intervalMs, CATCH_UP_MS, context.clock.monotonic())
    }
    const unique = `${context.name}-${context.random.bytes(4).toString('hex')}`
    this.#running = this.#run(context, new Bodies(prefix ?? unique, size))
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    await this.#running
  }

  status(): Readonly<Record<string, unknown>> {
    return {
      made: this.#made,
      done: this.#made >= this.#end,
      ...(this.#pace === undefined ? {} : { behindMs: Math.round(this.#pace.skippedMs) }),
    }
  }

  async #run(context: SourceContext, bodies: Bodies): Promise<void> {
    const { signal } = this.#ending
    const window = new Window(OPEN_MAX, (error) => {
      if (signal.aborted) return
      this.#ending.abort()
      context.fail(toFlumeError(error))
    })
    for (let batches = 1; ; batches++) {
      await window.room()
      await this.#due(context, batches)
      const count = Math.min(this.#config.batchSize, this.#end - this.#made)
      if (signal.aborted || count <= 0) break
      window.add(context.emit(bodies.batch(this.#made, count)).accepted)
      this.#made += count
      this.#pace?.advance()
    }
    await window.empty()
  }

  /** Waits until the next batch is due; without a rate, lets others have a turn now and then. */
  async #due({ clock }: SourceContext, batches: number): Promise<void> {
    if (batches % TURN_BATCHES_MAX === 0) await new Promise(setImmediate)
    const { signal } = this.#ending
    while (this.#pace !== undefined && !signal.aborted) {
      const waitMs = this.#pace.waitMs(clock.monotonic())
      if (waitMs === 0) break
      await sleep(clock, waitMs, signal)
    }
  }
}

/** Bodies by number, all of one length. */
class Bodies {
  readonly #template: Buffer
  readonly #numberAt: number

  constructor(prefix: string, size: number) {
    const id = Buffer.from(`${prefix}-${'0'.repeat(NUMBER_DIGITS)}`)
    this.#numberAt = id.length - NUMBER_DIGITS
    this.#template = Buffer.alloc(Math.max(size, id.length), 'x')
    id.copy(this.#template)
    if (size > id.length) this.#template.write(' ', id.length)
  }

  batch(first: number, count: number): Batch {
    const size = this.#template.length
    const bodies = Buffer.alloc(count * size, this.#template)
    const ends = new Uint32Array(count)
    for (let i = 0; i < count; i++) {
      const digits = String(first + i).padStart(NUMBER_DIGITS, '0')
      bodies.write(digits, i * size + this.#numberAt, 'latin1')
      ends[i] = (i + 1) * size
    }
    return {
      count,
      bodies,
      ends,
      gap: 0,
      headers: NO_HEADERS,
      origin: undefined,
      ids: undefined,
      appendedAtMs: undefined,
    }
  }
}
