import type { Channel, Lease } from '../core/channel.ts'
import { FlumeError, toFlumeError } from '../core/errors.ts'
import type { SinkGroupPlan } from '../core/plan.ts'
import type { SinkGroup, SinkHealth } from '../core/sink-group.ts'
import type { SinkStatus } from '../core/status.ts'
import { backoffMs } from '../lib/backoff.ts'
import { sleep } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'
import { SinkGroupEvents } from '../telemetry/events.ts'
import type { ChannelRunner } from './channel-runner.ts'
import type { FlowContext } from './flow-context.ts'
import { COMPONENT_STOP_MS, aborted, settlesWithin } from './settle.ts'
import { SinkRunner } from './sink-runner.ts'
import type { PreparedSink } from './sink-runner.ts'

/** One take: enough for a sink to work in whole blocks, small enough for several in memory. */
export const TAKE_EVENTS_MAX = 8192
export const TAKE_BYTES_MAX = 2 ** 20

/** Between attempts to read events that the disk does not give. */
const TAKE_RETRY = { minMs: 100, maxMs: 10_000 }

/** Between attempts to start a sink, whatever the group's policy says. */
const START_RETRY = { minMs: 100, maxMs: 1_000 }

/** The least time between two questions to the policy that nothing happened in: no busy loop. */
const PAUSE_MIN_MS = 10

/** The longest: what a busy sink is waited for may have been overtaken by another's recovery. */
const PAUSE_MAX_MS = 1_000

export interface PreparedGroup {
  readonly plan: SinkGroupPlan
  readonly group: SinkGroup
  readonly sinks: readonly PreparedSink[]
}

export interface GroupRunnerOptions {
  readonly context: FlowContext
  readonly channel: ChannelRunner
  /** The dead-letter channel of the flow as it is configured now. */
  readonly deadLetterChannel?: () => ChannelRunner | undefined
  /** Something left the channel or came back. */
  readonly onProgress: () => void
}

/**
 * Moves leases from a channel to the sink that the group's policy chooses. Sinks are started beside
 * the loop, all of them, so that one in reserve takes over at once and one that hangs holds up nobody.
 * A lease stays with its sink until the write has settled, also when the group has left the sink.
 */
export class GroupRunner {
  readonly plan: SinkGroupPlan
  readonly #group: SinkGroup
  readonly #sinks = new Map<string, SinkRunner>()
  /** The sinks that are being started, one attempt at a time each. */
  readonly #starts = new Map<SinkRunner, Promise<void>>()
  readonly #options: GroupRunnerOptions
  readonly #events: SinkGroupEvents
  readonly #stopping = new AbortController()
  /** Sinks that the group no longer waits for, with the reason in words. */
  readonly #late = new Map<string, string>()
  readonly #timers = new Set<Timer>()
  #channel: Channel | undefined
  #running: Promise<void> | undefined
  #live: readonly string[]
  #takeFailures = 0
  /** Ends the pause of the loop; does nothing outside of one. */
  #wake = (): void => {}

  constructor(prepared: PreparedGroup, options: GroupRunnerOptions) {
    this.plan = prepared.plan
    this.#group = prepared.group
    this.#options = options
    const { context } = options
    const { flow, log, metrics } = context
    const { name: groupName } = prepared.plan
    const to = { log: log.child({ sinkGroup: groupName }), metrics }
    this.#events = new SinkGroupEvents(flow, groupName, to)
    this.#live = this.#liveSinks()
    for (const sink of prepared.sinks) {
      const { name } = sink.plan
      const runner = new SinkRunner(sink, {
        context,
        onDelivered: () => this.#succeeded(name),
        onFailed: (error) => this.#failed(name, error),
        onSettled: () => this.#onSettled(runner),
        deadLetterChannel: () => options.deadLetterChannel?.(),
        watchWrite: () => this.#watch(name, 'end a write'),
      })
      this.#sinks.set(name, runner)
    }
  }

  /** No sink holds a lease. */
  get idle(): boolean {
    return [...this.#sinks.values()].every((sink) => sink.idle)
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Takes nothing more, lets writes end until `deadline` aborts, and stops the sinks. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort()
    this.#wake()
    await Promise.all([...this.#sinks.values()].map((sink) => sink.stop(deadline)))
    for (const timer of this.#timers) timer.clear()
    this.#options.onProgress()
    if (this.#running === undefined) return
    // A start that hangs was told to stop; it is not waited for without bound.
    const ended = Promise.all([this.#running, ...this.#starts.values()])
    await settlesWithin(ended, COMPONENT_STOP_MS, this.#options.context.clock)
  }

  status(): readonly SinkStatus[] {
    const nowMs = this.#now()
    return this.#group.status(nowMs).map((health) => this.#statusOf(health, nowMs))
  }

  #statusOf(health: SinkHealth, nowMs: number): SinkStatus {
    const { sink, live, failures, retryAtMs, lastError } = health
    const retryInMs = retryAtMs && Math.max(0, Math.ceil(retryAtMs - nowMs))
    const shown = { live, failures, retryInMs, lastError }
    const runner = this.#sinks.get(sink)!
    const status = runner.status(this.plan.name, shown)
    const isReserve = runner.started && !live && retryAtMs === undefined
    const problem = isReserve ? undefined : (status.problem ?? this.#late.get(sink))
    if (problem === status.problem) return status
    return { ...status, state: problem === undefined ? 'running' : 'failing', problem }
  }

  async #run(): Promise<void> {
    const channel = await Promise.race([
      this.#options.channel.whenOpen(),
      aborted(this.#stopping.signal).then(() => undefined),
    ])
    if (channel === undefined) return
    this.#channel = channel
    for (const sink of this.#sinks.values()) this.#keepStarted(sink)
    while (!this.#stopping.signal.aborted) await this.#step(channel)
  }

  async #step(channel: Channel): Promise<void> {
    const choice = this.#group.choose(this.#now(), (name) => this.#sinks.get(name)!.free)
    if ('retryAtMs' in choice) {
      await this.#pause(choice.retryAtMs - this.#now())
      return
    }
    const sink = this.#sinks.get(choice.sink)!
    if (sink.free) await this.#move(channel, sink)
    else await this.#pause(PAUSE_MAX_MS)
  }

  async #move(channel: Channel, sink: SinkRunner): Promise<void> {
    const lease = await this.#take(channel, sink.plan.name)
    if (lease === 'unreadable') return
    if (lease === undefined) this.#stopping.abort()
    else if (this.#isStillChosen(sink)) this.#write(sink, lease)
    else lease.release()
  }

  /** A take may wait long for events; meanwhile the sink may have failed, or a better one come back. */
  #isStillChosen(sink: SinkRunner): boolean {
    const { name } = sink.plan
    // Others that are free now get the next lease: this one is taken.
    const choice = this.#group.choose(this.#now(), (each) => each === name && sink.free)
    return 'sink' in choice && choice.sink === name && sink.free
  }

  #write(sink: SinkRunner, lease: Lease): void {
    this.#group.assigned(sink.plan.name, this.#now())
    const watch = this.#watch(sink.plan.name, 'end a write')
    void sink.write(lease).finally(() => watch?.clear())
  }

  /** The next lease; 'unreadable' after a pause when the channel could not read its events. */
  async #take(channel: Channel, sink: string): Promise<Lease | 'unreadable' | undefined> {
    const { clock, random } = this.#options.context
    const { signal } = this.#stopping
    try {
      const limits = { eventsMax: TAKE_EVENTS_MAX, bytesMax: TAKE_BYTES_MAX }
      const lease = await channel.take({ sink, ...limits, signal })
      this.#takeFailures = 0
      return lease
    } catch (thrown) {
      const delayMs = backoffMs(++this.#takeFailures, TAKE_RETRY, random)
      this.#options.channel.events.readFailed(toFlumeError(thrown), delayMs)
      await sleep(clock, delayMs, signal)
      return 'unreadable'
    }
  }

  /** Starts a sink that is not started, with retries, beside the loop. */
  #keepStarted(sink: SinkRunner): void {
    if (sink.started || this.#starts.has(sink) || this.#stopping.signal.aborted) return
    const starting = this.#start(sink, this.#channel!).finally(() => {
      this.#starts.delete(sink)
      // It may have been thrown away already.
      this.#keepStarted(sink)
    })
    this.#starts.set(sink, starting)
  }

  async #start(sink: SinkRunner, channel: Channel): Promise<void> {
    const { clock } = this.#options.context
    const { signal } = this.#stopping
    for (let failures = 0; !signal.aborted; failures++) {
      const delayMs = this.#startDelayMs(sink.plan.name, failures)
      if (delayMs > 0) await sleep(clock, delayMs, signal)
      if (signal.aborted) return
      const watch = this.#watch(sink.plan.name, 'start')
      const started = await sink.start(channel)
      watch?.clear()
      this.#wake()
      if (started) return
    }
  }

  /** A sink that failed is started again when its group would use it again. */
  #startDelayMs(name: string, failures: number): number {
    const health = this.#group.status(this.#now()).find(({ sink }) => sink === name)!
    const ownMs =
      failures === 0 ? 0 : backoffMs(failures, START_RETRY, this.#options.context.random)
    // A timer may fire within the millisecond before its time, when the sink is still backed off.
    const retryMs = Math.ceil((health.retryAtMs ?? 0) - this.#now()) + 1
    return Math.max(ownMs, health.retryAtMs === undefined ? 0 : retryMs)
  }

  /**
   * Counts what a sink does as a failure when it takes longer than the group waits. To be cleared when
   * it is done.
   */
  #watch(name: string, what: string): Timer | undefined {
    const { timeoutMs } = this.#group
    if (timeoutMs === undefined) return undefined
    const timer = this.#options.context.clock.schedule(() => {
      this.#timers.delete(timer)
      const message = `the sink ${name} did not ${what} within ${timeoutMs} ms, and the other sinks of the group ${this.plan.name} take over. What it is writing stays with it until that ends. Look at its target, or raise the timeout of the group if the target is merely slow`
      const options = { retryable: true, outcome: 'unknown' } as const
      const error = new FlumeError('FLM4202', message, options)
      this.#late.set(name, `${error.code} ${message}`)
      this.#events.tookTooLong(name, error)
      this.#failed(name, error)
      this.#wake()
    }, timeoutMs)
    this.#timers.add(timer)
    const clear = (): void => {
      timer.clear()
      this.#timers.delete(timer)
      this.#late.delete(name)
    }
    return { clear }
  }

  #succeeded(name: string): void {
    this.#group.succeeded(name, this.#now())
    this.#noteLive(`${name} delivers again`)
  }

  #failed(name: string, error: FlumeError): void {
    this.#group.failed(name, error, this.#now())
    if (this.#sinks.size > 1 && this.#live.includes(name)) this.#events.failedOver(name)
    this.#noteLive(`${error.code} ${error.message}`)
  }

  #noteLive(reason: string): void {
    const before = this.#live
    const now = this.#liveSinks()
    this.#live = now
    if (this.#sinks.size === 1 || now.join() === before.join()) return
    this.#events.liveChanged(before, now, reason)
  }

  #liveSinks(): readonly string[] {
    return this.#group
      .status(this.#now())
      .filter(({ live }) => live)
      .map(({ sink }) => sink)
  }

  #now(): number {
    return this.#options.context.clock.monotonic()
  }

  /** Waits, at most for the time given, until a write or a start has ended. */
  async #pause(delayMs: number): Promise<void> {
    const { clock } = this.#options.context
    const boundedMs = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, delayMs))
    await new Promise<void>((resolve) => {
      const timer = clock.schedule(resolve, boundedMs)
      this.#wake = () => {
        timer.clear()
        resolve()
      }
    })
  }

  #onSettled(sink: SinkRunner): void {
    // Thrown away after a failure it cannot go on from.
    if (this.#channel !== undefined) this.#keepStarted(sink)
    this.#wake()
    this.#options.onProgress()
  }
}
