import type { Batch, Origin } from '../core/batch.ts'
import type { ChannelLimits } from '../core/channel.ts'
import { FlumeError, toFlumeError } from '../core/errors.ts'
import { backoffMs } from '../lib/backoff.ts'
import { sleep } from '../lib/clock.ts'
import type { ChannelRunner } from './channel-runner.ts'
import { cut, sizeOf } from './cut.ts'
import { LETTER_HEADER_BYTES, deadLetterBatch } from './dead-letter-batch.ts'
import type { Letters } from './dead-letter-batch.ts'
import type { FlowContext } from './flow-context.ts'

/** Between attempts to append when the dead-letter channel fails. */
const LETTER_RETRY = { minMs: 100, maxMs: 10_000 }

/** A wait shorter than this is not shown: an append always takes a moment. */
const SHOWN_AFTER_MS = 1_000

/**
 * The origins of dead letters have one routing: what a channel has of them, it has. No component can
 * have a name that begins so, hence no source's stream either.
 */
const ROUTING = 'deadLetter'
const STREAM_PREFIX = '@deadLetter/'

export interface DeadLettersOptions {
  readonly context: FlowContext
  readonly sink: string
  /** The channel that the sink drains. */
  readonly from: string
  /** The dead-letter channel of the flow as it is configured now. */
  readonly channel: () => ChannelRunner | undefined
  /** Its abort ends waiting; what is on its way may get in all the same. */
  readonly stopping: AbortSignal
}

/**
 * What one sink hands to the dead-letter channel. The events come with a sender's origin: stream and
 * sequences of the channel they were in. Handed over once more after a crash before their lease was
 * acknowledged, by this sink or another one of its channel, they are left out as repeats.
 */
export class DeadLetters {
  readonly #options: DeadLettersOptions
  #waitingSinceMs: number | undefined
  #failure: FlumeError | undefined

  constructor(options: DeadLettersOptions) {
    this.#options = options
  }

  /** Whether there is a channel, and not the one that the sink itself drains. */
  get configured(): boolean {
    return this.#target() !== undefined
  }

  /** Why it takes so long, while it does. */
  get problem(): FlumeError | undefined {
    const { clock, flow } = this.#options.context
    const since = this.#waitingSinceMs
    if (since === undefined || clock.monotonic() - since < SHOWN_AFTER_MS) return undefined
    const { sink } = this.#options
    const channel = this.#target()?.plan.name ?? ''
    const why = this.#failure?.message ?? 'it is full'
    return new FlumeError(
      'FLM5107',
      `flow ${flow}: sink ${sink} waits for the dead-letter channel ${channel}, which takes no events: ${why}. See to what drains it, or give it more room`,
      { retryable: true, cause: this.#failure, facts: { flow, sink, channel } },
    )
  }

  /**
   * Resolves when all are safe in the dead-letter channel. Waits while it is full and tries again while it
   * fails, without end: they are never dropped. Rejects with FLM5101 when the sink stops.
   */
  async add(letters: readonly Letters[]): Promise<void> {
    this.#waitingSinceMs = this.#options.context.clock.monotonic()
    const { context } = this.#options
    try {
      const nowMs = context.clock.now()
      const marked = letters.map((each) =>
        deadLetterBatch([{ ...each, batch: this.#withOrigin(each.batch) }], nowMs),
      )
      await Promise.all(marked.map((batch) => this.#append(batch)))
    } finally {
      this.#waitingSinceMs = undefined
      this.#failure = undefined
    }
    if (this.#ended) throw this.#stopped()
  }

  /** The sink stops, or a reload took the channel away. */
  get #ended(): boolean {
    return this.#options.stopping.aborted || !this.configured
  }

  #target(): ChannelRunner | undefined {
    const runner = this.#options.channel()
    return runner?.plan.name === this.#options.from ? undefined : runner
  }

  /** A lease's batches have ids, and consecutive ones. */
  #withOrigin(batch: Batch): Batch {
    const { stream, first, floor = 0 } = batch.ids!
    const origin: Origin = {
      stream: `${STREAM_PREFIX}${this.#options.from}/${stream}`,
      from: first,
      to: first + batch.count,
      offsets: Float64Array.from({ length: batch.count }, (_, i) => first + i + 1),
      memo: '',
      routing: ROUTING,
      floor,
    }
    return { ...batch, origin }
  }

  async #append(batch: Batch): Promise<void> {
    const { context, stopping } = this.#options
    for (let failures = 1; !this.#ended; failures++) {
      try {
        await this.#attempt(batch)
        return
      } catch (thrown) {
        this.#failure = toFlumeError(thrown)
        await sleep(context.clock, backoffMs(failures, LETTER_RETRY, context.random), stopping)
      }
    }
  }

  /** What of an attempt got in before another part failed is a repeat in the next one. */
  async #attempt(batch: Batch): Promise<void> {
    const { stopping } = this.#options
    const runner = this.#target()
    if (runner === undefined) throw this.#stopped()
    const channel = await unless(stopping, runner.whenOpen())
    if (channel === undefined) throw this.#stopped()
    const { batches, refusedEvents } = cut(batch, lettersWithin(channel.limits))
    const { append } = runner.forSources(channel)
    for (const piece of batches) {
      if (piece.count === 0) continue
      const reservation = await channel.reserve(sizeOf(piece), stopping)
      await unless(stopping, append(piece, reservation).safe)
    }
    if (refusedEvents > 0) throw this.#tooLarge(refusedEvents, channel.limits)
  }

  #stopped(): FlumeError {
    return sinkStopping(this.#options.context.flow, this.#options.sink)
  }

  #tooLarge(events: number, { batchBytesMax }: ChannelLimits): FlumeError {
    return new FlumeError(
      'FLM2203',
      `${events} events are above the ${batchBytesMax} bytes that it takes at once; give it a larger segmentSize`,
      { retryable: false, facts: { events, batchBytesMax } },
    )
  }
}

/** What ends a triage before its time. */
export function sinkStopping(flow: string, sink: string): FlumeError {
  return new FlumeError(
    'FLM5101',
    `flow ${flow}: sink ${sink} is stopping or has no dead-letter channel any more; the events stay in its channel`,
    { retryable: true, facts: { flow, sink } },
  )
}

/** A record has room for the bodies of a batch and as much again for headers. */
function lettersWithin(limits: ChannelLimits): ChannelLimits {
  const lettersMax = Math.max(1, Math.floor(limits.batchBytesMax / LETTER_HEADER_BYTES))
  return { ...limits, batchEventsMax: Math.min(limits.batchEventsMax, lettersMax) }
}

/** The result, or undefined when the signal aborts first. */
async function unless<Result>(
  signal: AbortSignal,
  work: Promise<Result>,
): Promise<Result | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const abort = (): void => resolve(undefined)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
