import { bodyBytes, isReplayable } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import type { ChannelLimits, Reservation } from '../core/channel.ts'
import { toFlumeError } from '../core/errors.ts'
import type { FlumeError } from '../core/errors.ts'
import type { Receipt } from '../core/receipt.ts'
import type { Part } from '../core/selector.ts'
import { backoffMs } from '../lib/backoff.ts'
import { sleep } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { SourceEvents } from '../telemetry/events.ts'
import { commitPositions } from './commit-positions.ts'
import { sizeOf } from './cut.ts'
import { Emission, refused, stoppingError } from './emission.ts'
import type { IntakeChannel } from './intake-channel.ts'
import { noRoomError, tooLargeError, tooMuchError } from './intake-errors.ts'
import { APPEND_RETRY, Lane } from './lane.ts'
import { offer } from './optional-append.ts'
import { route } from './router.ts'
import type { RouterOptions, Unit } from './router.ts'

/** A second line of defence: sources bound the receipts they hold open themselves. */
export const EMISSIONS_MAX = 4096
export const EMISSION_BYTES_MAX = 256 * 2 ** 20
/** New streams that are begun together, and streams known to have been begun. */
const STREAMS_BEGUN_TOGETHER_MAX = 1024
const STREAMS_KNOWN_MAX = 65_536

export interface IntakeOptions extends Omit<RouterOptions, 'source'> {
  readonly flow: string
  readonly source: string
  /** All channels the source feeds, by name. */
  readonly channels: ReadonlyMap<string, IntakeChannel>
  readonly clock: Clock
  readonly random: Random
  readonly events: SourceEvents
}

interface Emitted {
  readonly count: number
  readonly bytes: number
  readonly signal: AbortSignal | undefined
}

interface Waiting {
  readonly unit: Unit
  readonly emission: Emission
}

interface Ready extends Waiting {
  /** One for each part. */
  readonly reservations: readonly Reservation[]
}

/**
 * What stands behind `emit`: a line in which units wait for room, and a lane per channel.
 *
 * Units pass the line in order: the head reserves room in all its channels, in one order for all
 * sources, and then joins those that are appended at the beginning of the next turn of the event
 * loop. Appending there and nowhere else means that every failure a channel has reported until then
 * is known, so that nothing is appended behind a failed batch of the same lane.
 *
 * While a lane is broken nothing is appended and no room is held: what failed needs it first.
 */
export class Intake {
  readonly #options: IntakeOptions
  readonly #lanes = new Map<string, Lane>()
  readonly #ending = new AbortController()
  /** Streams whose beginning all required channels have. */
  readonly #streams = new Set<string>()
  /** Emissions that are not in all their channels yet, by stream. */
  readonly #open = new Map<string, number>()
  #routing = ''
  #waiting: Waiting[] = []
  #ready: Ready[] = []
  #advancing = false
  #appendScheduled = false
  #broken = 0
  /** Aborts reservations that wait, when a lane breaks. */
  #reserving = new AbortController()
  #emissions = 0
  #bytes = 0
  #unsafe = 0
  #watchers: { readonly done: () => boolean; readonly resolve: () => void }[] = []

  constructor(options: IntakeOptions) {
    this.#options = options
    // One order for all sources of a flow: two that wait for each other's room would wait for ever.
    for (const name of [...options.requiredChannels].sort())
      this.#lanes.set(name, this.#lane(name, options.channels.get(name)!))
  }

  /** A run of the source begins. `streams`: those whose beginning all required channels have. */
  begin(routing: string, streams: Iterable<string>): void {
    this.#routing = routing
    this.#streams.clear()
    for (const stream of streams) this.#streams.add(stream)
  }

  /** See SourceContext.emit. */
  emit(batch: Batch, signal?: AbortSignal): Receipt {
    const { flow, source, events } = this.#options
    if (this.#ending.signal.aborted) return refused(stoppingError(flow, source))
    if (signal?.aborted === true) return refused(noRoomError({ flow, source }, batch.count))
    const bytes = bodyBytes(batch)
    if (this.#emissions >= EMISSIONS_MAX || this.#bytes + bytes > EMISSION_BYTES_MAX)
      return refused(tooMuchError({ flow, source }, this.#emissions, this.#bytes))
    let routed
    try {
      routed = route(batch, this.#routing, this.#options)
    } catch (thrown) {
      const error = toFlumeError(thrown)
      // FLM5106: the source fails and brings them again, nothing is dropped.
      if (error.code !== 'FLM5106') events.refused(batch.count, error)
      return refused(error)
    }
    if (routed.refusedEvents > 0) {
      const error = tooLargeError({ flow, source }, routed.refusedEvents, this.#options.limits)
      events.refused(routed.refusedEvents, error)
      // A sender that waits for an answer gets the batch back whole; a file cannot take a line back.
      if (!isReplayable(batch.origin)) return refused(error)
    }
    events.dropped(routed.filteredEvents, 'filtered')
    events.dropped(routed.unroutedEvents, 'unrouted')
    return this.#enter(routed.units, { count: batch.count, bytes, signal })
  }

  get limits(): ChannelLimits {
    return this.#options.limits
  }

  /** Gives back what the source will read again anyway and what is not on its way into a channel. */
  giveBackReplayable(): void {
    this.#giveRoomBack()
    const [replayable, rest]: Waiting[][] = [[], []]
    for (const each of this.#waiting)
      (each.unit.stream === undefined ? rest! : replayable!).push(each)
    this.#waiting = rest!
    for (const { unit, emission } of replayable!) this.#reject(unit, emission)
    for (const lane of this.#lanes.values()) lane.endReplayable()
    if (!this.#advancing) void this.#advance()
  }

  /** Resolves when every emission so far is in its channels or was given back. */
  settled(): Promise<void> {
    return this.#when(() => this.#emissions === 0)
  }

  /**
   * As `settled`, and no beginning of a stream is on its way either: the next run would not see it, and
   * begin the stream under another name.
   */
  quiet(): Promise<void> {
    return this.#when(() => this.#emissions === 0 && !this.#advancing)
  }

  /**
   * Resolves when no event of this source is in a channel that could still lose it, and no position
   * is on its way: else a new routing would begin at an older one and read again what is there.
   */
  safe(): Promise<void> {
    return this.#when(() => this.#emissions === 0 && this.#unsafe === 0)
  }

  get unsafeEvents(): boolean {
    return this.#unsafe > 0
  }

  /** Takes nothing more and gives back what is not in its channels yet. */
  end(): void {
    this.#ending.abort()
    this.#reserving.abort()
    for (const lane of this.#lanes.values()) lane.end()
    this.#giveRoomBack()
    for (const { unit, emission } of this.#waiting.splice(0)) this.#reject(unit, emission)
  }

  #enter(units: readonly Unit[], emitted: Emitted): Receipt {
    const { count, bytes, signal } = emitted
    let parts = 0
    let positions = 0
    for (const unit of units) {
      parts += unit.parts.length
      positions += unit.positions.length
    }
    const stream = units[0]?.stream
    this.#emissions++
    this.#bytes += bytes
    this.#countOpen(stream, 1)
    const withdraw = (): void => this.#withdraw(emission, units.length, count)
    const settle = (accepted: boolean): void => {
      signal?.removeEventListener('abort', withdraw)
      this.#emissions--
      this.#countOpen(stream, -1)
      this.#bytes -= bytes
      if (accepted) this.#options.events.accepted(count, bytes)
      this.#notify()
    }
    const emission = new Emission({ parts, positions, onSettled: settle })
    if (parts + positions === 0) settle(true)
    else signal?.addEventListener('abort', withdraw)
    for (const unit of units) this.#waiting.push({ unit, emission })
    if (!this.#advancing) void this.#advance()
    return emission.receipt
  }

  /** Gives an emission back that waits whole; one of which a unit has left the line goes in. */
  #withdraw(emission: Emission, units: number, count: number): void {
    const withdrawn = this.#waiting.filter((each) => each.emission === emission)
    if (withdrawn.length < units) return
    const isHead = this.#waiting[0] === withdrawn[0]
    this.#waiting = this.#waiting.filter((each) => each.emission !== emission)
    if (isHead) this.#restartReserving()
    const { flow, source } = this.#options
    for (const { unit } of withdrawn)
      this.#reject(unit, emission, noRoomError({ flow, source }, count))
  }

  async #advance(): Promise<void> {
    this.#advancing = true
    while (this.#waiting.length > 0 && this.#broken === 0) {
      const head = this.#waiting[0]!
      const { signal } = this.#reserving
      if (this.#isNew(head.unit.stream)) await this.#beginStreams()
      const reservations = await this.#reserve(head, signal)
      // Meanwhile others may have come back to the front, or the head was given back.
      if (signal.aborted) for (const each of reservations ?? []) each.release()
      else if (reservations !== undefined) {
        this.#waiting.shift()
        this.#ready.push({ ...head, reservations })
        this.#scheduleAppend()
      }
    }
    this.#advancing = false
    this.#notify()
  }

  /** Room for all parts of a unit, or undefined when there is none of this kind. */
  async #reserve(head: Waiting, signal: AbortSignal): Promise<readonly Reservation[] | undefined> {
    const reservations: Reservation[] = []
    try {
      for (const part of appendsOf(head.unit)) {
        const { channel } = this.#lanes.get(part.channel)!
        reservations.push(await channel.reserve(sizeOf(part.batch), signal))
      }
      return reservations
    } catch (thrown) {
      for (const each of reservations) each.release()
      if (signal.aborted) return undefined
      const error = toFlumeError(thrown)
      if (error.retryable) await this.#pause(error, 1)
      else {
        this.#waiting.shift()
        this.#reject(head.unit, head.emission, error)
      }
      return undefined
    }
  }

  #scheduleAppend(): void {
    if (this.#appendScheduled) return
    this.#appendScheduled = true
    setImmediate(() => {
      this.#appendScheduled = false
      if (this.#broken > 0) return
      for (const ready of this.#ready.splice(0)) this.#append(ready)
    })
  }

  #append({ unit, emission, reservations }: Ready): void {
    for (const [i, part] of appendsOf(unit).entries())
      this.#lanes.get(part.channel)!.append(part.batch, emission, reservations[i]!)
    for (const part of unit.optional) this.#offer(part)
  }

  #offer(part: Part): void {
    const channel = this.#options.channels.get(part.channel)!
    void offer(channel, part.batch, (error) => {
      this.#options.events.optionalFailed(part.channel, part.batch.count, error)
    })
  }

  #isNew(stream: string | undefined): boolean {
    return stream !== undefined && this.#lanes.size > 1 && !this.#streams.has(stream)
  }

  /** Commits where new streams begin to all required channels: see positions.ts. */
  async #beginStreams(): Promise<void> {
    const begun = new Map<string, Unit>()
    for (const { unit } of this.#waiting) {
      if (begun.size >= STREAMS_BEGUN_TOGETHER_MAX) break
      if (this.#isNew(unit.stream) && !begun.has(unit.stream!)) begun.set(unit.stream!, unit)
    }
    const writes = [...this.#lanes.values()].flatMap(({ channel }) => {
      const positions = channel.positions()
      return [...begun]
        .filter(([stream]) => positions.get(stream)?.routing !== this.#routing)
        .map(([stream, unit]) => ({ channel, stream, position: this.#beginning(unit) }))
    })
    for (let failures = 1; !this.#ending.signal.aborted; failures++) {
      try {
        await commitPositions(writes, this.#ending.signal)
        break
      } catch (thrown) {
        await this.#pause(toFlumeError(thrown), failures)
      }
    }
    if (this.#streams.size > STREAMS_KNOWN_MAX) this.#forgetStreams()
    for (const stream of begun.keys()) this.#streams.add(stream)
  }

  /**
   * Those with events on their way stay: a channel may have had to forget their position, and one that
   * was committed anew would pass these events.
   */
  #forgetStreams(): void {
    for (const stream of this.#streams) if (!this.#open.has(stream)) this.#streams.delete(stream)
  }

  #countOpen(stream: string | undefined, delta: 1 | -1): void {
    if (stream === undefined) return
    const count = (this.#open.get(stream) ?? 0) + delta
    if (count === 0) this.#open.delete(stream)
    else this.#open.set(stream, count)
  }

  #beginning(unit: Unit) {
    const origin = (unit.parts[0] ?? unit.positions[0])!.batch.origin!
    return { offset: unit.from, routing: this.#routing, memo: origin.memo }
  }

  async #pause(error: FlumeError, failures: number): Promise<void> {
    if (this.#ending.signal.aborted) return
    const { clock, random, events } = this.#options
    const delayMs = backoffMs(failures, APPEND_RETRY, random)
    events.appendRetried('*', error, { batches: this.#waiting.length, delayMs })
    await sleep(clock, delayMs, this.#ending.signal)
  }

  #lane(name: string, channel: IntakeChannel): Lane {
    const { clock, random, events, flow, source } = this.#options
    return new Lane(channel.channel, {
      clock,
      random,
      append: (batch, reservation) => channel.append(batch, reservation),
      onBroken: () => {
        this.#broken++
        this.#giveRoomBack()
      },
      onHealed: () => {
        this.#broken--
        if (this.#broken === 0 && !this.#advancing) void this.#advance()
      },
      onUnsafe: (delta) => {
        this.#unsafe += delta
        if (this.#unsafe === 0) this.#notify()
      },
      onRetry: (error, batches, delayMs) => events.appendRetried(name, error, { batches, delayMs }),
      stopping: () => stoppingError(flow, source),
    })
  }

  /** The head gives up what it waits for; the line goes on with what is its head then. */
  #restartReserving(): void {
    this.#reserving.abort()
    if (!this.#ending.signal.aborted) this.#reserving = new AbortController()
  }

  /** Units that hold room go back to the front of the line, in order. */
  #giveRoomBack(): void {
    this.#restartReserving()
    const ready = this.#ready.splice(0)
    for (const { reservations } of ready) for (const each of reservations) each.release()
    this.#waiting = [...ready, ...this.#waiting]
  }

  #reject(unit: Unit, emission: Emission, error?: FlumeError): void {
    const { flow, source } = this.#options
    const reason = error ?? stoppingError(flow, source)
    for (let i = unit.parts.length + unit.positions.length; i > 0; i--) emission.rejected(reason)
  }

  #when(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve()
    return new Promise((resolve) => this.#watchers.push({ done, resolve }))
  }

  #notify(): void {
    if (this.#watchers.length === 0) return
    const [done, waiting] = [this.#watchers.filter((w) => w.done()), this.#watchers]
    this.#watchers = waiting.filter((watcher) => !done.includes(watcher))
    for (const { resolve } of done) resolve()
  }
}

function appendsOf(unit: Unit): readonly Part[] {
  return unit.positions.length === 0 ? unit.parts : [...unit.parts, ...unit.positions]
}
