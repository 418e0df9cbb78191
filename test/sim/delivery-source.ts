import type { Batch } from '../../agent/core/batch.ts'
import { batchOf } from '../../agent/core/batch.ts'
import type { Source, SourceContext } from '../../agent/core/source.ts'
import { scriptedEvents } from './channel-model.ts'
import type { SeededRandom } from './random.ts'

const INDICES_MAX = 12
const RECEIPTS_MAX = 4

/** A file that grows: what a source reads, and what must arrive. It outlives every process. */
export class GrowingStream {
  readonly name: string
  /** Indices that are there to read. */
  length = 0
  /** Tells the source that reads it at the moment. */
  onGrown: () => void = () => {}

  constructor(name: string) {
    this.name = name
  }

  grow(indices: number): void {
    this.length += indices
    this.onGrown()
  }
}

/** Reads a stream as the tail source does: from the position on, in batches cut anew each time. */
export class StreamSource implements Source {
  readonly #stream: GrowingStream
  readonly #random: SeededRandom
  #context: SourceContext | undefined
  #next = 0
  #receipts = 0
  #halted = false

  constructor(stream: GrowingStream, random: SeededRandom) {
    this.#stream = stream
    this.#random = random
  }

  async start(context: SourceContext): Promise<void> {
    this.#context = context
    this.#next = (context.positions().get(this.#stream.name)?.offset ?? 0) / 10
    this.#stream.onGrown = () => this.#read()
    this.#read()
  }

  async stop(): Promise<void> {
    this.#context = undefined
  }

  #read(): void {
    while (this.#mayRead()) {
      const from = this.#next
      const to = Math.min(this.#stream.length, from + this.#random.between(1, INDICES_MAX))
      this.#next = to
      void this.#emit(batchOfStream(this.#stream.name, from, to))
    }
  }

  #mayRead(): boolean {
    const free = this.#context !== undefined && !this.#halted && this.#receipts < RECEIPTS_MAX
    return free && this.#next < this.#stream.length
  }

  async #emit(batch: Batch): Promise<void> {
    this.#receipts++
    try {
      await this.#context!.emit(batch).safe
    } catch {
      // The flow is stopping: the next run goes on at the position.
      this.#halted = true
      return
    }
    this.#receipts--
    this.#read()
  }
}

function batchOfStream(stream: string, from: number, to: number): Batch {
  const events = []
  for (let index = from; index < to; index++) events.push(...scriptedEvents(stream, index))
  return batchOf(
    events.map(({ key }) => ({ body: Buffer.from(key) })),
    {
      stream,
      from: from * 10,
      to: to * 10,
      offsets: Float64Array.from(events, ({ offset }) => offset),
      memo: '',
      // The pipeline sets it.
      routing: '',
    },
  )
}
