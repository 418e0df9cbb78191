import type { Channel, Lease } from '../core/channel.ts'
import { toFlumeError } from '../core/errors.ts'
import type { SinkGroupPlan } from '../core/plan.ts'
import type { SinkGroup } from '../core/sink-group.ts'
import type { SinkStatus } from '../core/status.ts'
import { backoffMs } from '../lib/backoff.ts'
import { sleep } from '../lib/clock.ts'
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

/** The least time between two attempts, whatever the group's policy says: no busy loop. */
const PAUSE_MIN_MS = 10

export interface PreparedGroup {
  readonly plan: SinkGroupPlan
  readonly group: SinkGroup
  readonly sinks: readonly PreparedSink[]
}

export interface GroupRunnerOptions {
  readonly context: FlowContext
  readonly channel: ChannelRunner
  /** Something left the channel or came back. */
  readonly onProgress: () => void
}

/** Moves leases from a channel to the sink that the group's policy chooses. */
export class GroupRunner {
  readonly plan: SinkGroupPlan
  readonly #group: SinkGroup
  readonly #sinks = new Map<string, SinkRunner>()
  readonly #options: GroupRunnerOptions
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #takeFailures = 0
  #settled = Promise.withResolvers<void>()

  constructor(prepared: PreparedGroup, options: GroupRunnerOptions) {
    this.plan = prepared.plan
    this.#group = prepared.group
    this.#options = options
    const { context } = options
    const now = (): number => context.clock.monotonic()
    for (const sink of prepared.sinks) {
      const { name } = sink.plan
      const runner = new SinkRunner(sink, {
        context,
        onDelivered: () => this.#group.succeeded(name, now()),
        onFailed: (error) => this.#group.failed(name, error, now()),
        onSettled: () => this.#onSettled(),
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
    await Promise.all([...this.#sinks.values()].map((sink) => sink.stop(deadline)))
    this.#onSettled()
    if (this.#running === undefined) return
    // A start that hangs was told to stop; it is not waited for without bound.
    await settlesWithin(this.#running, COMPONENT_STOP_MS, this.#options.context.clock)
  }

  status(): readonly SinkStatus[] {
    const health = this.#group.status(this.#options.context.clock.monotonic())
    return [...this.#sinks.values()].map((sink) =>
      sink.status(
        this.plan.name,
        health.find((each) => each.sink === sink.plan.name)!,
      ),
    )
  }

  async #run(): Promise<void> {
    const channel = await Promise.race([
      this.#options.channel.whenOpen(),
      aborted(this.#stopping.signal).then(() => undefined),
    ])
    if (channel === undefined) return
    while (!this.#stopping.signal.aborted) await this.#step(channel)
  }

  async #step(channel: Channel): Promise<void> {
    const { clock } = this.#options.context
    const isFree = (name: string): boolean => {
      const sink = this.#sinks.get(name)!
      return !sink.started || sink.free
    }
    const choice = this.#group.choose(clock.monotonic(), isFree)
    if ('retryAtMs' in choice) {
      const delayMs = Math.max(PAUSE_MIN_MS, choice.retryAtMs - clock.monotonic())
      await sleep(clock, delayMs, this.#stopping.signal)
      return
    }
    const sink = this.#sinks.get(choice.sink)!
    if (!sink.started) {
      if (!(await sink.start(channel))) await sleep(clock, PAUSE_MIN_MS, this.#stopping.signal)
    } else if (sink.free) await this.#move(channel, sink)
    else await this.#settled.promise
  }

  async #move(channel: Channel, sink: SinkRunner): Promise<void> {
    const lease = await this.#take(channel, sink.plan.name)
    if (lease === 'unreadable') return
    if (lease === undefined) this.#stopping.abort()
    // Meanwhile a write of this sink may have failed.
    else if (sink.free) sink.write(lease)
    else lease.release()
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

  #onSettled(): void {
    this.#settled.resolve()
    this.#settled = Promise.withResolvers()
    this.#options.onProgress()
  }
}
