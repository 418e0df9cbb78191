import { FlumeError } from '../../agent/core/errors.ts'
import type { Channel } from '../../agent/core/channel.ts'
import { NAME_BYTES_MAX, batchOfAppend, scriptedEvents } from './channel-model.ts'
import type { Append, ChannelModel, ScriptedEvent } from './channel-model.ts'
import type { SeededRandom } from './random.ts'

/** Indices one batch covers at most. */
const INDICES_MAX = 12

export interface SourceOptions {
  readonly stream: string
  readonly model: ChannelModel
  readonly random: SeededRandom
  readonly fillerMax: number
  /** Tells the trace of the run. */
  readonly note: (what: string) => void
  /** '' is "never trim by position". */
  readonly routing: string
}

/**
 * A source whose stream can be read again: after a failed receipt or a restart it goes on at the
 * position the channel has, with batches cut anew.
 */
export class ModelSource {
  readonly stream: string
  readonly #options: SourceOptions
  #routing: string
  #next = 0
  #inFlight = 0
  #failed = false
  #waiting: AbortController | undefined
  /** Counts the processes: what an ended one still says is not heard. */
  #process = 0

  constructor(options: SourceOptions) {
    this.#options = options
    this.stream = options.stream
    this.#routing = options.routing
  }

  get idle(): boolean {
    return this.#inFlight === 0
  }

  /** Whether a receipt failed since it last resumed. */
  get failed(): boolean {
    return this.#failed
  }

  /** Whether it waits for room, as sources do when the channel or the disk is full. */
  get waiting(): boolean {
    return this.#waiting !== undefined
  }

  /** The channel was opened, again or for the first time. */
  resume(channel: Channel): void {
    this.#process++
    this.#inFlight = 0
    this.#failed = false
    this.#waiting = undefined
    this.#next = (channel.positions().get(this.stream)?.offset ?? 0) / 10
  }

  /** Reads a part again, as after a failure further down. The channel must trim it. */
  goBack(indices: number): void {
    this.#next = Math.max(0, this.#next - indices)
  }

  /** The routing configuration changed: what is read again must be taken again. */
  changeRouting(generation: number): void {
    if (this.#routing !== '') this.#routing = `r${generation}`
  }

  /** Stops waiting for room. */
  abort(): void {
    this.#waiting?.abort(new Error('the source stops'))
  }

  /**
   * Emits the next batch. Settles when the receipt did; the model is told. `emptyBatch`: everything
   * was filtered, only the position moves.
   */
  async emit(channel: Channel, how: { readonly emptyBatch: boolean }): Promise<void> {
    if (this.#waiting) return
    if (this.#failed) {
      if (this.#inFlight > 0) return
      this.resume(channel)
    }
    const { random, model, fillerMax } = this.#options
    const from = this.#next
    let count = random.between(1, INDICES_MAX)
    const events = (): ScriptedEvent[] =>
      range(from, count).flatMap((index) => scriptedEvents(this.stream, index))
    const eventsMax = eventsThatFit(channel, fillerMax)
    while (count > 1 && events().length > eventsMax) count--
    const append = model.create({
      stream: this.stream,
      from: from * 10,
      to: (from + count) * 10,
      routing: this.#routing,
      events: how.emptyBatch ? [] : events(),
    })
    this.#next += count
    this.#inFlight++
    this.#options.note(`append ${append.id} of ${append.stream} ${append.from} to ${append.to}`)
    await this.#send(channel, append, batchOfAppend(append, fillerMax, random))
  }

  async #send(
    channel: Channel,
    append: Append,
    batch: ReturnType<typeof batchOfAppend>,
  ): Promise<void> {
    const { model } = this.#options
    const process = this.#process
    const waiting = new AbortController()
    const { signal } = waiting
    this.#waiting = waiting
    let outcome: 'safe' | 'absent' | 'unknown' = 'absent'
    try {
      const need = { events: batch.count, bytes: batch.bodies.length }
      const reservation = await channel.reserve(need, signal)
      if (process !== this.#process) return
      this.#waiting = undefined
      // What came before failed while this waited: it must not get in without it.
      if (this.#failed) reservation.release()
      else {
        await channel.append(batch, reservation).safe
        outcome = 'safe'
      }
    } catch (error) {
      if (!(error instanceof FlumeError) && !signal.aborted) throw error
      if (error instanceof FlumeError && error.outcome === 'unknown') outcome = 'unknown'
    }
    if (process !== this.#process) return
    this.#options.note(`append ${append.id} is ${outcome}`)
    if (this.#waiting === waiting) this.#waiting = undefined
    this.#inFlight--
    if (outcome !== 'safe') this.#failed = true
    // What is unknown stays pending until the positions tell, at the next open.
    if (outcome !== 'unknown') model.settle(append, outcome)
  }
}

/** The pipeline cuts batches to the limits of the channel. */
export function eventsThatFit(channel: Channel, fillerMax: number): number {
  const { batchBytesMax, batchEventsMax } = channel.limits
  return Math.min(batchEventsMax, Math.floor(batchBytesMax / (fillerMax + NAME_BYTES_MAX)))
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i)
}
