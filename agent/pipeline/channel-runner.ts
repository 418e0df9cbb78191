import { join } from 'node:path'
import type { Batch } from '../core/batch.ts'
import type { Channel, Reservation } from '../core/channel.ts'
import { toFlumeError } from '../core/errors.ts'
import type { FlumeError } from '../core/errors.ts'
import type { ComponentPlan } from '../core/plan.ts'
import type { Receipt } from '../core/receipt.ts'
import type { ChannelStatus } from '../core/status.ts'
import { backoffMs } from '../lib/backoff.ts'
import { sleep } from '../lib/clock.ts'
import { ChannelEvents } from '../telemetry/events.ts'
import { keepChannelRecord } from './channel-record.ts'
import { componentContext } from './flow-context.ts'
import type { FlowContext } from './flow-context.ts'
import type { IntakeChannel } from './intake-channel.ts'
import { watch } from './settle.ts'

export const OPEN_RETRY = { minMs: 500, maxMs: 30_000 }

/** An append that makes no progress for this long means that the writer hangs. */
export const APPEND_STALLED_MS = 60_000

/** Channels of these types keep their events in memory: what is in them must be drained at the end. */
const VOLATILE_TYPES: ReadonlySet<string> = new Set(['memory'])

/** One channel of a flow: opened with back-off, watched, closed. */
export class ChannelRunner {
  readonly plan: ComponentPlan
  readonly directory: string
  readonly events: ChannelEvents
  role: ChannelStatus['role'] = 'active'
  readonly #context: FlowContext
  readonly #ending = new AbortController()
  readonly #opened = Promise.withResolvers<Channel | undefined>()
  #opening: Promise<void> | undefined
  #channel: Channel | undefined
  #problem: FlumeError | undefined
  #inFlight = 0
  #progressAtMs = 0

  constructor(plan: ComponentPlan, context: FlowContext) {
    this.plan = plan
    this.#context = context
    this.directory = join(context.directory, plan.name)
    const log = context.log.child({ channel: plan.name })
    this.events = new ChannelEvents(context.flow, plan.name, { log, metrics: context.metrics })
  }

  /** The channel, while it is open. */
  get channel(): Channel | undefined {
    return this.#channel
  }

  get isVolatile(): boolean {
    return VOLATILE_TYPES.has(this.plan.type)
  }

  /** Committed and not acknowledged; undefined while the channel could not be opened. */
  get backlogEvents(): number | undefined {
    return this.#channel?.stats().backlogEvents
  }

  /** No append hangs. */
  get live(): boolean {
    const waitedMs = this.#context.clock.monotonic() - this.#progressAtMs
    return this.#inFlight === 0 || waitedMs < APPEND_STALLED_MS
  }

  open(): void {
    this.#opening ??= this.#open()
  }

  /** The channel once it is open, or undefined when it is closed before. */
  whenOpen(): Promise<Channel | undefined> {
    return this.#opened.promise
  }

  /** Writes and syncs what is pending. Sources and sinks have stopped. */
  async close(): Promise<void> {
    this.#ending.abort()
    await this.#opening
    this.#opened.resolve(undefined)
    const channel = this.#channel
    this.#channel = undefined
    try {
      await channel?.close()
    } catch (thrown) {
      this.events.closeFailed(toFlumeError(thrown))
    }
  }

  /** The configuration does not name it any more: it stays until it is empty. */
  leave(role: 'retiring' | 'orphaned'): void {
    if (this.role === role) return
    this.role = role
    this.events.leaving(role, this.backlogEvents)
  }

  forSources(channel: Channel): IntakeChannel {
    return { channel, append: (batch, reservation) => this.#append(channel, batch, reservation) }
  }

  status(): ChannelStatus {
    const stats = this.#channel?.stats()
    const { name, type } = this.plan
    const problem = stats === undefined ? describe(this.#problem) : stats.problem
    const state = stats === undefined ? stateWithout(this.#ending.signal, problem) : 'running'
    return { name, type, state, problem, details: {}, role: this.role, stats }
  }

  async #open(): Promise<void> {
    const { clock, random } = this.#context
    for (let failures = 1; !this.#ending.signal.aborted; failures++) {
      const startedMs = clock.monotonic()
      try {
        const module = await this.#context.loader.channel(this.plan.type)
        await keepChannelRecord(this.#context.disk, this.directory, this.plan)
        const channel = await module.openChannel(this.plan.config, {
          ...componentContext(this.#context, 'channel', this.plan.name),
          directory: this.directory,
        })
        this.#channel = channel
        this.#problem = undefined
        this.events.opened(channel.stats().backlogEvents, clock.monotonic() - startedMs)
        this.#opened.resolve(channel)
        return
      } catch (thrown) {
        this.#problem = toFlumeError(thrown)
        const delayMs = backoffMs(failures, OPEN_RETRY, random)
        this.events.openFailed(this.#problem, delayMs)
        await sleep(clock, delayMs, this.#ending.signal)
      }
    }
  }

  #append(channel: Channel, batch: Batch, reservation: Reservation): Receipt {
    const { clock } = this.#context
    const startedMs = clock.monotonic()
    if (this.#inFlight++ === 0) this.#progressAtMs = startedMs
    const receipt = channel.append(batch, reservation)
    const settled = (): void => {
      this.#inFlight--
      this.#progressAtMs = clock.monotonic()
    }
    const committed = (): void => {
      settled()
      if (batch.count > 0) this.events.committed(this.#progressAtMs - startedMs)
    }
    watch(receipt.accepted, committed, settled)
    return receipt
  }
}

function stateWithout(ending: AbortSignal, problem: string | undefined): ChannelStatus['state'] {
  if (ending.aborted) return 'stopped'
  return problem === undefined ? 'starting' : 'failing'
}

/** A failure as /status shows it. */
export function describe(error: FlumeError | undefined): string | undefined {
  return error && `${error.code} ${error.message}`
}
