import { posix } from 'node:path'
import type { FileChannelOptions } from '../../agent/channels/file/options.ts'
import { batchOf } from '../../agent/core/batch.ts'
import type { ChannelContext } from '../../agent/core/channel-context.ts'
import type { Channel, Lease } from '../../agent/core/channel.ts'
import { FlumeError } from '../../agent/core/errors.ts'
import type { Logger } from '../../agent/core/logger.ts'
import { NAME_BYTES_MAX, bodyOf, copyOf, fail } from './channel-model.ts'
import { ChannelOracle, ModelSink } from './channel-oracle.ts'
import { ModelSource, eventsThatFit } from './channel-source.ts'
import { ManualClock, turns } from './clock.ts'
import { randomFault } from './disk-faults.ts'
import { BLOCK_BYTES } from './disk-node.ts'
import { SimDisk } from './disk.ts'
import type { CrashKind } from './disk.ts'
import type { SeededRandom } from './random.ts'

export type OpenChannel = (options: FileChannelOptions, context: ChannelContext) => Promise<Channel>

export interface SimulationOptions {
  readonly random: SeededRandom
  readonly open: OpenChannel
  /** Sizes of the channel. */
  readonly channel: FileChannelOptions
  /** Where the channel lives; `/data` is there and durable. */
  readonly directory: string
  readonly sinks: readonly { readonly name: string; readonly keepsState: boolean }[]
  /** Stream and routing of each source. */
  readonly sources: readonly { readonly stream: string; readonly routing: string }[]
  /** Fillers of bodies are shorter than this. */
  readonly fillerMax: number
  /** Bytes of the states that sinks save. */
  readonly stateBytes: number
  /** Sinks hold one lease at a time, so that the order can be checked. */
  readonly ordered: boolean
}

interface HeldLease {
  readonly sink: ModelSink
  readonly lease: Lease
  readonly copies: readonly string[]
}

/** Turns of the event loop anything may take to come to an end once nothing stands in its way. */
const TURNS_MAX = 6_000
const TURNS_PER_TICK = 15
const TICK_MS = 100
const OPEN_ATTEMPTS_MAX = 8
const HELD_LEASES_MAX = 6

/** Lock, temporary files and the like, each with a block that is not full. */
const SMALL_FILES_MAX = 10

/** What the channel must cope with without an error to anyone. */
const CALM = new Set(['disk full', 'bit flipped'])

const SILENT: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => SILENT,
}

/**
 * A channel on a simulated disk with sources and sinks around it, under the eyes of the oracle. The
 * methods are the actions of a run; each may be called at any time.
 */
export class Simulation {
  readonly oracle: ChannelOracle
  readonly sources: readonly ModelSource[]
  readonly crashes = { kill: 0, power: 0 }
  disk: SimDisk
  clock = new ManualClock()
  operations = 0
  readonly #options: SimulationOptions
  /** Faults that fired on disks that crashed since. */
  readonly #faultsBefore = new Map<string, number>()
  readonly #random: SeededRandom
  #channel: Channel | undefined
  #held: HeldLease[] = []
  #takes = new Map<ModelSink, AbortController>()
  #acksPending = 0
  #looseInFlight = 0
  #failure: unknown
  #closing = false
  /** How the process ends when it next does, if that is settled. */
  #nextCrash: CrashKind | undefined
  /** Restarts are not disturbed any more. */
  #calm = false
  #generation = 0
  #routingGeneration = 1

  constructor(options: SimulationOptions) {
    this.#options = options
    this.#random = options.random
    this.disk = new SimDisk({ random: options.random.fork() })
    const sinks = options.sinks.map((sink) => new ModelSink(sink.name, sink.keepsState))
    this.oracle = new ChannelOracle(sinks, options.fillerMax)
    this.sources = options.sources.map(
      ({ stream, routing }) =>
        new ModelSource({
          stream,
          routing,
          model: this.oracle.model,
          random: this.#random,
          fillerMax: options.fillerMax,
          note: (what) => this.note(what),
        }),
    )
  }

  get channel(): Channel {
    return this.#channel ?? fail('no channel is open')
  }

  async start(): Promise<void> {
    await this.disk.makeDirectory('/data')
    await this.disk.makeDirectory(posix.dirname(this.#options.directory))
    this.disk.syncAll()
    await this.open({ disturbed: false })
  }

  /** Lets time pass and things happen; a crash that came up meanwhile is followed by a restart. */
  async step(count: number): Promise<void> {
    await turns(count)
    if (this.#failure !== undefined) throw this.#failure as Error
    if (this.disk.halted) return this.crash(this.#crashKind())
    this.#checkSize()
  }

  emit(): void {
    const source = this.#random.pick(this.sources)
    this.#watch(source.emit(this.channel, { emptyBatch: this.#random.chance(0.08) }))
  }

  /** Events of a source that cannot read again: no origin. */
  emitLoose(): void {
    const fits = eventsThatFit(this.channel, this.#options.fillerMax)
    const count = Math.min(fits, this.#random.between(1, 8))
    const keys = Array.from({ length: count }, (_, i) => `loose.${i}`)
    const append = this.oracle.model.create({
      stream: undefined,
      from: 0,
      to: 0,
      routing: '',
      events: keys.map((key) => ({ key, offset: 0 })),
    })
    const batch = batchOf(
      keys.map((key, i) => ({
        body: bodyOf(copyOf(append, key), this.#options.fillerMax),
        headers: { append: String(append.id), ...(i % 2 === 0 ? { even: key } : {}) },
      })),
    )
    const { channel } = this
    const generation = this.#generation
    const abort = new AbortController()
    const send = async (): Promise<void> => {
      let outcome: 'safe' | 'absent' | 'unknown' = 'absent'
      this.#looseInFlight++
      try {
        const need = { events: count, bytes: batch.bodies.length }
        const room = channel.reserve(need, abort.signal)
        // A sender does not wait for ever: it gives up after some turns.
        this.#watch(turns(200).then(() => abort.abort(new Error('the sender gave up'))))
        await channel.append(batch, await room).safe
        outcome = 'safe'
      } catch (error) {
        if (!(error instanceof FlumeError) && !abort.signal.aborted) throw error
        if (error instanceof FlumeError && error.outcome === 'unknown') outcome = 'unknown'
      }
      if (generation !== this.#generation) return
      this.note(`append ${append.id} without origin is ${outcome}`)
      this.#looseInFlight--
      if (outcome !== 'unknown') this.oracle.model.settle(append, outcome)
    }
    this.#watch(send())
  }

  goBack(): void {
    const source = this.#random.pick(this.sources)
    if (!source.waiting) source.goBack(this.#random.between(1, 15))
  }

  changeRouting(): void {
    const source = this.#random.pick(this.sources)
    if (source.waiting) return
    source.changeRouting(++this.#routingGeneration)
    source.goBack(this.#random.between(0, 10))
  }

  /** A sink asks for events; what comes is held until `ack` or `release`. */
  take(sink: ModelSink = this.#random.pick(this.oracle.sinks)): void {
    const holds = this.#held.filter((held) => held.sink === sink).length
    const max = this.#options.ordered ? 1 : HELD_LEASES_MAX
    if (this.#takes.has(sink) || holds >= max) return
    const abort = new AbortController()
    this.#takes.set(sink, abort)
    const eventsMax = this.#random.pick([1, 3, 10, 50, 1000])
    const bytesMax = this.#random.pick([1, 300, 3000, 1_000_000])
    const generation = this.#generation
    const options = { sink: sink.name, eventsMax, bytesMax, signal: abort.signal }
    const wait = async (): Promise<void> => {
      const lease = await this.channel.take(options).catch((error: unknown) => {
        if (error instanceof FlumeError && error.retryable && this.#disturbed()) return undefined
        throw error
      })
      if (generation !== this.#generation) return
      this.#takes.delete(sink)
      if (lease === undefined) return
      if (lease.events > eventsMax)
        fail(`a lease of ${lease.events} events, asked for ${eventsMax}`)
      // The last event may cross the bound: a lease has at least one.
      if (lease.bytes > bytesMax + this.#options.fillerMax + NAME_BYTES_MAX) {
        fail(`a lease of ${lease.bytes} bytes, asked for ${bytesMax}`)
      }
      this.#held.push({ sink, lease, copies: this.oracle.leased(lease) })
    }
    this.#watch(wait())
  }

  cancelTakes(): void {
    for (const abort of this.#takes.values()) abort.abort()
  }

  ack(): void {
    const held = this.#letGo()
    if (held === undefined) return
    const state = this.oracle.acknowledging(held.sink, held.copies)
    const bytes = state && stateOf(state.note, this.#options.stateBytes)
    const generation = this.#generation
    this.#acksPending++
    const wait = async (): Promise<void> => {
      try {
        await held.lease.ack(bytes)
      } catch (error) {
        if (this.#closing || generation !== this.#generation) return
        throw error
      }
      if (generation !== this.#generation) return
      this.#acksPending--
      this.oracle.acknowledged(held.copies, state)
    }
    this.#watch(wait())
  }

  release(): void {
    const held = this.#letGo()
    if (held === undefined) return
    this.oracle.released(held.copies)
    held.lease.release()
  }

  saveState(): void {
    const sink = this.#random.pick(this.oracle.sinks)
    if (!sink.keepsState) return
    const state = this.oracle.saving(sink)
    const generation = this.#generation
    this.#acksPending++
    const wait = async (): Promise<void> => {
      try {
        await this.channel.saveSinkState(sink.name, stateOf(state.note, this.#options.stateBytes))
      } catch (error) {
        if (this.#closing || generation !== this.#generation) return
        throw error
      }
      if (generation !== this.#generation) return
      this.#acksPending--
      state.durable = true
    }
    this.#watch(wait())
  }

  armFault(): void {
    this.disk.faults.arm(randomFault(this.#random))
  }

  /** The medium works again; space is as it is. */
  clearFaults(): void {
    this.disk.faults.clear()
  }

  /** Others fill the disk, now or little by little with each system call. */
  fillDisk(): void {
    const { disk } = this
    disk.fullCode = this.#random.pick(['ENOSPC', 'EDQUOT'])
    disk.capacityBytes = disk.usedBytes + disk.foreignBytes
    disk.capacityBytes += BLOCK_BYTES * this.#random.pick([0, 0, 1, 2, 5, 10])
  }

  freeDisk(): void {
    this.disk.capacityBytes = Infinity
  }

  /** The process or the machine ends at one of the next system calls. */
  crashSoon(callsMax: number): void {
    const { disk } = this
    const at = disk.calls + this.#random.between(1, callsMax)
    disk.onCall = (call): void => {
      if (call.index >= at) disk.halt()
    }
  }

  /**
   * The disk loses what a sync was to write, and the process is killed before it can seal: the next one
   * finds in the page cache what is not on the disk and never will be by syncing alone.
   */
  failSyncAndDie(): void {
    const { disk } = this
    disk.faults.arm({ kinds: ['datasync'], path: '/data', code: 'EIO', data: 'dropped' })
    disk.onCall = (call): void => {
      if (call.kind !== 'datasync' || call.error === undefined) return
      this.#nextCrash = 'kill'
      const at = call.index + this.#random.between(0, 3)
      disk.onCall = (next): void => {
        if (next.index >= at) disk.halt()
      }
      if (at === call.index) disk.halt()
    }
  }

  async crash(kind: CrashKind): Promise<void> {
    this.#end()
    this.crashes[kind]++
    this.disk = this.#replaced(this.disk.crash(kind))
    await this.open({ disturbed: true })
  }

  /** Ends in order and starts again. */
  async reopen(): Promise<void> {
    this.#closing = true
    for (const source of this.sources) source.abort()
    const closed = await this.#outcome(this.channel.close(), 'closing')
    if (closed === 'halted') return this.crash(this.#crashKind())
    if (closed !== 'done') {
      if (!this.#disturbed()) throw closed.error
      return this.crash('kill')
    }
    if (!this.#disturbed() && this.#acksPending > 0) {
      await turns(20)
      if (this.#acksPending > 0) fail('the channel was closed, but an acknowledgement is pending')
    }
    await turns(20)
    if (this.sources.some((source) => !source.idle) || this.#looseInFlight > 0) {
      fail('the channel was closed, but a receipt is pending')
    }
    this.#end()
    await this.open({ disturbed: true })
  }

  /** A second process on the same directory must be refused. */
  async openTwice(): Promise<void> {
    const second = await this.#outcome(this.#openChannel(), 'opening twice')
    if (second === 'halted') return
    if (second === 'done') fail('a second process opened the channel')
    if (!(second.error instanceof FlumeError) || second.error.code !== 'FLM2101') {
      if (!this.#disturbed()) throw second.error
    }
  }

  /** Opens the channel; `disturbed`: the process may end, or a call fail, on the way. */
  async open(how: { readonly disturbed: boolean }): Promise<void> {
    for (let attempt = 1; attempt <= OPEN_ATTEMPTS_MAX; attempt++) {
      this.#closing = false
      this.clock = new ManualClock(this.clock.now())
      const disturbed = how.disturbed && !this.#calm && attempt < 4
      if (disturbed && this.#random.chance(0.3)) this.crashSoon(30)
      if (disturbed && this.#random.chance(0.15)) this.armFault()
      const fullBefore = this.disk.capacityBytes < Infinity
      const hadReserve = this.disk.paths().some((path) => /reserve-\d$/.test(path))
      let opened: Channel | undefined
      const opening = this.#openChannel().then((channel) => (opened = channel))
      const outcome = await this.#outcome(opening, 'opening')
      if (outcome === 'halted') {
        const kind = this.#random.pick(['kill', 'power'] as const)
        this.crashes[kind]++
        this.disk = this.#replaced(this.disk.crash(kind))
      } else if (outcome !== 'done') {
        // Each restart on a full disk takes one file of the reserve; without any it has to wait.
        if (fullBefore && !hadReserve && isDiskFull(outcome.error)) this.freeDisk()
        else if (!this.#disturbed()) throw outcome.error
        this.clearFaults()
      } else {
        this.disk.onCall = undefined
        this.#started(opened!)
        return
      }
    }
    fail(`the channel did not open in ${OPEN_ATTEMPTS_MAX} attempts`)
  }

  /**
   * Sinks take and acknowledge until `done`; a fault-free channel gets there in bounded steps, on a
   * full disk too.
   */
  async drain(done: () => boolean, what: string): Promise<void> {
    for (let round = 0; round < TURNS_MAX / TURNS_PER_TICK; round++) {
      for (const sink of this.oracle.sinks) this.take(sink)
      await this.step(this.#random.between(1, TURNS_PER_TICK))
      while (this.#held.length > 0) this.ack()
      if (done()) return
      if (round > 5) this.clock.advance(TICK_MS)
    }
    fail(`${what}: not done after ${TURNS_MAX} turns; ${this.#describe()}`)
  }

  /** Whether everything accepted was delivered. */
  delivered(): boolean {
    for (const { append, copy } of this.oracle.model.expected()) {
      if (this.oracle.placeOf(copy) === undefined && !append.damaged) return false
    }
    return true
  }

  /** As a calm hour: sinks get everything, whatever the sources meet. A full disk does not stop them. */
  async drainNow(): Promise<void> {
    this.clearFaults()
    this.disk.onCall = undefined
    await this.drain(() => this.delivered(), 'draining')
  }

  /** Faults that fired so far, over all restarts. */
  faultsFired(): Map<string, number> {
    const all = new Map(this.#faultsBefore)
    for (const [what, count] of this.disk.faults.fired) {
      all.set(what, (all.get(what) ?? 0) + count)
    }
    const { kill, power } = this.crashes
    if (kill > 0) all.set('SIGKILL', kill)
    if (power > 0) all.set('power loss', power)
    return all
  }

  /** Puts a line into the trace of the run. */
  note(what: string): void {
    this.disk.trace.push(`   ${what}`)
  }

  /** Nothing is waiting: events, receipts, acknowledgements. */
  atRest(): boolean {
    const waits = this.#acksPending + this.#looseInFlight + this.#held.length
    const idle = this.sources.every((source) => source.idle)
    return waits === 0 && idle && this.channel.stats().backlogEvents === 0
  }

  /** The end of a run: nothing disturbs any more, and everything must arrive. */
  async finish(): Promise<void> {
    this.#calm = true
    this.disk.onCall = undefined
    this.clearFaults()
    this.freeDisk()
    await this.drain(() => this.atRest(), 'draining at the end')
    this.oracle.drained(this.channel.stats())
    await this.drain(() => this.channel.stats().state === 'open', 'taking events again')
    for (const source of this.sources) {
      await this.drain(() => !source.waiting && source.idle, 'sources come to rest')
      this.#watch(source.emit(this.channel, { emptyBatch: false }))
      await this.drain(() => this.atRest(), `an append of ${source.stream} once all is well`)
      if (source.failed) fail(`an append of ${source.stream} failed with nothing in its way`)
    }
    this.oracle.drained(this.channel.stats())
    this.#end()
    this.crashes.power++
    this.disk = this.#replaced(this.disk.crash('power'))
    await this.open({ disturbed: false })
    this.oracle.drained(this.channel.stats())
    this.oracle.checkContents()
    if (this.#options.ordered) for (const sink of this.oracle.sinks) this.oracle.checkOrder(sink)
    await this.#outcome(this.channel.close(), 'closing at the end')
  }

  /** Something may fail for a reason: a fault is armed or has fired since the last restart. */
  #disturbed(): boolean {
    const { faults } = this.disk
    return faults.armed || [...faults.fired.keys()].some((what) => !CALM.has(what))
  }

  /** The channel keeps to its bytes: acknowledgements, checkpoints and one group may go above. */
  #checkSize(): void {
    const { capacityBytes, segmentBytes, quarantineBytesMax } = this.#options.channel
    const files = BLOCK_BYTES * (SMALL_FILES_MAX + capacityBytes / segmentBytes)
    const max = capacityBytes + 2 * segmentBytes + quarantineBytesMax + files
    if (this.disk.usedBytes > max) {
      fail(
        `the channel takes ${this.disk.usedBytes} bytes of disk, its capacity is ${capacityBytes}`,
      )
    }
  }

  #crashKind(): CrashKind {
    const kind = this.#nextCrash ?? this.#random.pick(['kill', 'power'] as const)
    this.#nextCrash = undefined
    return kind
  }

  #letGo(): HeldLease | undefined {
    if (this.#held.length === 0) return undefined
    const index = this.#options.ordered ? 0 : this.#random.between(0, this.#held.length - 1)
    return this.#held.splice(index, 1)[0]
  }

  #openChannel(): Promise<Channel> {
    const { channel, directory } = this.#options
    return this.#options.open(channel, {
      name: 'channel',
      flow: 'flow',
      clock: this.clock,
      random: this.#random.fork(),
      disk: this.disk,
      log: SILENT,
      directory,
    })
  }

  #started(channel: Channel): void {
    this.#channel = channel
    this.oracle.reopened({
      positions: channel.positions(),
      sinkState: (sink) => channel.sinkState(sink),
      stats: channel.stats(),
    })
    for (const source of this.sources) source.resume(channel)
  }

  /** The process is gone: nothing it still says counts. */
  #end(): void {
    this.#generation++
    this.#channel = undefined
    this.#held = []
    this.#takes.clear()
    this.#acksPending = 0
    this.#looseInFlight = 0
  }

  #replaced(next: SimDisk): SimDisk {
    for (const [what, count] of this.disk.faults.fired) {
      this.#faultsBefore.set(what, (this.#faultsBefore.get(what) ?? 0) + count)
    }
    next.trace.unshift(...this.disk.trace, '--- crash ---')
    return next
  }

  #watch(work: Promise<void>): void {
    const generation = this.#generation
    work.catch((error: unknown) => {
      if (generation === this.#generation) this.#failure ??= error
    })
  }

  /** Waits in bounded turns until it settles or the process ends. */
  async #outcome(
    work: Promise<unknown>,
    what: string,
  ): Promise<'done' | 'halted' | { readonly error: Error }> {
    let result: 'done' | { readonly error: Error } | undefined
    work.then(
      () => (result = 'done'),
      (error: unknown) => (result = { error: error as Error }),
    )
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      if (result !== undefined) return result
      if (this.disk.halted) return 'halted'
      await turns(1)
      if (turn % TURNS_PER_TICK === TURNS_PER_TICK - 1) this.clock.advance(TICK_MS)
    }
    if (this.disk.faults.armed) {
      this.clearFaults()
      return this.#outcome(work, what)
    }
    return fail(`${what}: no end after ${TURNS_MAX} turns`)
  }

  #describe(): string {
    const { state, backlogEvents, leasedEvents, problem } = this.channel.stats()
    const sources = this.sources.filter((source) => !source.idle).length
    return (
      `state ${state}, backlog ${backlogEvents}, leased ${leasedEvents}, problem ${problem}, held ` +
      `${this.#held.length}, acknowledgements pending ${this.#acksPending}, sources busy ${sources}`
    )
  }
}

function stateOf(note: number, bytes: number): Buffer {
  return Buffer.from(String(note).padEnd(bytes))
}

function isDiskFull(error: Error): boolean {
  const { code, facts } = error as Partial<FlumeError>
  return code === 'FLM2202' || facts?.['system'] === 'ENOSPC' || facts?.['system'] === 'EDQUOT'
}
