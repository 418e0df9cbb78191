import { isReplayable } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import type { Channel, Reservation } from '../core/channel.ts'
import { toFlumeError } from '../core/errors.ts'
import type { FlumeError } from '../core/errors.ts'
import type { Receipt } from '../core/receipt.ts'
import { backoffMs } from '../lib/backoff.ts'
import { sleep } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { sizeOf } from './cut.ts'
import type { Emission } from './emission.ts'
import { watch } from './settle.ts'

export const APPEND_RETRY = { minMs: 100, maxMs: 10_000 }

export interface LaneOptions {
  readonly clock: Clock
  readonly random: Random
  readonly append: (batch: Batch, reservation: Reservation) => Receipt
  readonly onBroken: () => void
  readonly onHealed: () => void
  /** Appends that are accepted and not yet safe, those of positions alone included. */
  readonly onUnsafe: (delta: 1 | -1) => void
  readonly onRetry: (error: FlumeError, batches: number, delayMs: number) => void
  /** What the appends get that are not in the channel when the lane ends. */
  readonly stopping: () => FlumeError
}

interface Entry {
  readonly batch: Batch
  readonly emission: Emission
  state: 'inFlight' | 'done' | 'failed'
}

/**
 * The appends of one source to one channel, in order.
 *
 * Several are in flight, so that one sync serves many. When one fails, the channel fails all behind
 * it too; the lane is then broken, takes nothing new, and appends the failed ones again in the order
 * they had. Nothing may be appended before them: its position would claim their events.
 */
export class Lane {
  readonly channel: Channel
  readonly #options: LaneOptions
  readonly #ending = new AbortController()
  #entries: Entry[] = []
  #inFlight = 0
  #idle: PromiseWithResolvers<void> | undefined
  #broken = false

  constructor(channel: Channel, options: LaneOptions) {
    this.channel = channel
    this.#options = options
  }

  get broken(): boolean {
    return this.#broken
  }

  /** Not while broken. */
  append(batch: Batch, emission: Emission, reservation: Reservation): void {
    const entry: Entry = { batch, emission, state: 'inFlight' }
    this.#entries.push(entry)
    this.#start(entry, reservation)
  }

  /** No more retries: what failed, or fails now, is given back to the sender. */
  end(): void {
    this.#ending.abort()
  }

  /** As `end`, unless it has events that nobody will send again. */
  endReplayable(): void {
    if (this.#entries.every(({ batch }) => isReplayable(batch.origin))) this.end()
  }

  #start(entry: Entry, reservation: Reservation): void {
    this.#inFlight++
    const { accepted, safe } = this.#options.append(entry.batch, reservation)
    watch(
      accepted,
      () => this.#accepted(entry, safe),
      (error) => this.#failed(entry, error),
    )
  }

  #accepted(entry: Entry, safe: Promise<void>): void {
    entry.state = 'done'
    const { onUnsafe } = this.#options
    const { batch, emission } = entry
    const settled = (tell: () => void): void => {
      onUnsafe(-1)
      // A position alone is not what its sender waits for.
      if (batch.count > 0) tell()
    }
    onUnsafe(1)
    watch(
      safe,
      () => settled(() => emission.safe()),
      (error) => settled(() => emission.unsafe(error)),
    )
    entry.emission.accepted()
    this.#settled()
  }

  #failed(entry: Entry, error: FlumeError): void {
    if (!error.retryable) {
      entry.state = 'done'
      entry.emission.rejected(error)
    } else {
      entry.state = 'failed'
      if (!this.#broken) {
        this.#broken = true
        this.#options.onBroken()
        void this.#heal(error)
      }
    }
    this.#settled()
  }

  #settled(): void {
    this.#inFlight--
    while (this.#entries[0]?.state === 'done') this.#entries.shift()
    if (this.#inFlight === 0) this.#idle?.resolve()
  }

  async #heal(first: FlumeError): Promise<void> {
    let error = first
    for (let failures = 1; ; failures++) {
      await this.#whenIdle()
      this.#entries = this.#entries.filter((each) => each.state === 'failed')
      if (this.#entries.length === 0) break
      const delayMs = backoffMs(failures, APPEND_RETRY, this.#options.random)
      if (!this.#ending.signal.aborted) {
        this.#options.onRetry(error, this.#entries.length, delayMs)
        await sleep(this.#options.clock, delayMs, this.#ending.signal)
      }
      if (this.#ending.signal.aborted) this.#giveBack()
      else error = (await this.#appendAgain()) ?? error
    }
    this.#broken = false
    this.#options.onHealed()
  }

  /** One after the other, each awaited: this is rare, and the first failure ends the round. */
  async #appendAgain(): Promise<FlumeError | undefined> {
    // What succeeds leaves the list while this goes on.
    for (const entry of this.#entries.slice()) {
      try {
        const reservation = await this.channel.reserve(sizeOf(entry.batch), this.#ending.signal)
        entry.state = 'inFlight'
        this.#start(entry, reservation)
        await this.#whenIdle()
      } catch (thrown) {
        const error = toFlumeError(thrown)
        if (this.#ending.signal.aborted || error.retryable) return error
        entry.state = 'done'
        entry.emission.rejected(error)
      }
      if ((entry.state as Entry['state']) === 'failed') return undefined
    }
    return undefined
  }

  async #whenIdle(): Promise<void> {
    if (this.#inFlight === 0) return
    this.#idle = Promise.withResolvers()
    await this.#idle.promise
    this.#idle = undefined
  }

  #giveBack(): void {
    for (const entry of this.#entries) {
      entry.state = 'done'
      entry.emission.rejected(this.#options.stopping())
    }
    this.#entries = []
  }
}
