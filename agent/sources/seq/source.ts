import type { Batch } from '../../core/batch.ts'
import { NO_HEADERS } from '../../core/batch.ts'
import { toFlumeError } from '../../core/errors.ts'
import type { Source, SourceContext } from '../../core/source.ts'
import { Window } from '../../lib/window.ts'
import type { SeqSourceConfig } from './config.ts'

const STREAM = 'seq'
/** Batches on their way into the channels. */
const OPEN_MAX = 8
/** Batches between two turns of the event loop: a channel in memory would never let go of it. */
const TURN_BATCHES_MAX = 16
/** Digits of the largest number that counts exactly. */
const DIGITS_MAX = 16

/**
 * Counts up from 0, a number a body. Its position is the next number, so that a restart goes on where
 * the channels left off.
 */
export function createSource(config: SeqSourceConfig): Source {
  return new SeqSource(config)
}

class SeqSource implements Source {
  readonly #config: SeqSourceConfig
  readonly #end: number
  #next = 0
  #stopping = false
  #running: Promise<void> | undefined

  constructor(config: SeqSourceConfig) {
    this.#config = config
    this.#end = config.totalEvents ?? Number.MAX_SAFE_INTEGER
  }

  async start(context: SourceContext): Promise<void> {
    this.#next = context.positions().get(STREAM)?.offset ?? 0
    this.#running = this.#run(context)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  status(): Readonly<Record<string, unknown>> {
    return { next: this.#next, done: this.#next >= this.#end }
  }

  async #run(context: SourceContext): Promise<void> {
    const window = new Window(OPEN_MAX, (error) => this.#rejected(context, error))
    for (let batches = 1; ; batches++) {
      await window.room()
      if (batches % TURN_BATCHES_MAX === 0) await new Promise(setImmediate)
      const count = Math.min(this.#config.batchSize, this.#end - this.#next)
      if (this.#stopping || count <= 0) break
      const { accepted } = context.emit(numbers(this.#next, count))
      this.#next += count
      window.add(accepted)
    }
    await window.empty()
  }

  #rejected(context: SourceContext, error: unknown): void {
    if (this.#stopping) return
    // What was refused would be missing from the sequence: start anew from the position.
    this.#stopping = true
    context.fail(toFlumeError(error))
  }
}

/** The numbers [first, first + count) as a batch. */
export function numbers(first: number, count: number): Batch {
  const digits = Buffer.allocUnsafe(count * DIGITS_MAX)
  const ends = new Uint32Array(count)
  const offsets = new Float64Array(count)
  let at = 0
  for (let i = 0; i < count; i++) {
    at += digits.write(String(first + i), at, 'latin1')
    ends[i] = at
    offsets[i] = first + i + 1
  }
  return {
    count,
    bodies: Buffer.from(digits.subarray(0, at)),
    ends,
    gap: 0,
    headers: NO_HEADERS,
    origin: { stream: STREAM, from: first, to: first + count, offsets, memo: '', routing: '' },
    ids: undefined,
    appendedAtMs: undefined,
  }
}
