import type { Batch } from '../core/batch.ts'
import type { Channel, Lease } from '../core/channel.ts'
import type { SinkModule } from '../core/component.ts'
import { toFlumeError } from '../core/errors.ts'
import type { FlumeError } from '../core/errors.ts'
import type { SinkPlan } from '../core/plan.ts'
import type { Sink } from '../core/sink.ts'
import type { SinkStatus } from '../core/status.ts'
import type { Timer } from '../lib/clock.ts'
import { SinkEvents } from '../telemetry/events.ts'
import { componentContext } from './flow-context.ts'
import type { FlowContext } from './flow-context.ts'
import { describe } from './channel-runner.ts'
import type { ChannelRunner } from './channel-runner.ts'
import { sinkStopping } from './dead-letters.ts'
import { aborted, settlesWithin, stopComponent } from './settle.ts'
import { Triage } from './triage.ts'
import type { Suspect } from './triage.ts'
import { isSound, isVerdict, worse } from './verdict.ts'

/** How long a write may go on after its signal aborted; sinks end within their own time-outs. */
export const WRITE_ABORT_MS = 2_000

/** A sink, made and so checked before anything that runs is touched. */
export interface PreparedSink {
  readonly plan: SinkPlan
  readonly module: SinkModule<unknown>
  readonly sink: Sink
}

export interface SinkRunnerOptions {
  readonly context: FlowContext
  readonly onDelivered: () => void
  /** A start or a write failed; of writes that are under way together, the first one. */
  readonly onFailed: (error: FlumeError) => void
  /** A write ended or a lease was given back: there may be room for the next, or nothing left. */
  readonly onSettled: () => void
  /** The dead-letter channel of the flow as it is configured now. */
  readonly deadLetterChannel?: () => ChannelRunner | undefined
  /** Counts a write of the triage as a failure when it takes too long. */
  readonly watchWrite?: () => Timer | undefined
}

interface Write {
  readonly lease: Lease
  result: { readonly state: Buffer | undefined } | { readonly error: FlumeError } | undefined
}

/**
 * One sink: made, started, written to, thrown away after a failure that says it cannot go on.
 *
 * Writes end in any order. One without state is acknowledged at once, so that a request that hangs does
 * not hold up those that were answered. With state, leases end in the order of the calls: it says what the
 * target holds up to its write, so acknowledging it before an earlier write would claim that one too.
 * After a failed write nothing new is written until all others settled. Those behind it that
 * succeeded are acknowledged if they came without state. With state they are released: the saved
 * state is then older than the target, and the sink brings the target back to it (file: truncates)
 * before it writes the events once more. Acknowledging them instead would save a state that may
 * contain the failed write.
 *
 * In a flow with a dead-letter channel, a lease whose events can never be delivered is not given back:
 * once all others settled, the triage finds the events that are to blame.
 */
export class SinkRunner {
  readonly plan: SinkPlan
  readonly #prepared: PreparedSink
  readonly #options: SinkRunnerOptions
  readonly #events: SinkEvents
  readonly #aborting = new AbortController()
  #next: Sink | undefined
  #starting: Sink | undefined
  #sink: Sink | undefined
  #writes: Write[] = []
  #failure: FlumeError | undefined
  #anyFailed = false
  #couldNotStart = false
  #failures = 0
  #problem: FlumeError | undefined
  #state: SinkStatus['state'] = 'starting'
  #ended = false
  /** The end of a sink that was thrown away: the next one may need its files or its port. */
  #discarding: Promise<void> = Promise.resolve()
  #writesEnded: PromiseWithResolvers<void> | undefined
  readonly #triage: Triage
  readonly #stopping = new AbortController()
  #suspects: Suspect[] = []
  #triaging = false
  /** Settles with the next start of a sink, for the triage. */
  #restarted: PromiseWithResolvers<void> | undefined

  constructor(prepared: PreparedSink, options: SinkRunnerOptions) {
    this.plan = prepared.plan
    this.#prepared = prepared
    this.#options = options
    this.#next = prepared.sink
    const { flow, log, metrics } = options.context
    const to = { log: log.child({ sink: this.plan.name }), metrics }
    this.#events = new SinkEvents(flow, this.plan.name, to)
    this.#triage = new Triage({
      context: options.context,
      sink: this.plan.name,
      from: this.plan.channel,
      channel: () => options.deadLetterChannel?.(),
      stopping: this.#stopping.signal,
      write: (batches) => this.#writeForTriage(batches),
      acknowledge: (lease, state, letters) => this.#acknowledge(lease, state, letters),
    })
  }

  get started(): boolean {
    return this.#sink !== undefined
  }

  /** Whether it takes another write now. */
  get free(): boolean {
    return (
      !this.#ended &&
      this.#sink !== undefined &&
      !this.#anyFailed &&
      this.#writes.length < Math.max(1, this.#sink.writesMax)
    )
  }

  get idle(): boolean {
    return this.#writes.length === 0 && !this.#triaging
  }

  /** Makes and starts a sink. False when it could not; the group was told. */
  async start(channel: Channel): Promise<boolean> {
    let sink: Sink | undefined
    await this.#discarding
    try {
      sink = this.#next ?? this.#prepared.module.createSink(this.plan.config)
      this.#next = undefined
      this.#starting = sink
      await sink.start({
        ...componentContext(this.#options.context, 'sink', this.plan.name),
        state: channel.sinkState(this.plan.name),
        saveState: (state) => channel.saveSinkState(this.plan.name, state),
      })
    } catch (thrown) {
      const error = toFlumeError(thrown)
      this.#events.startFailed(error)
      if (sink !== undefined && !this.#ended) await this.#stopSink(sink)
      this.#starting = undefined
      this.#couldNotStart = true
      this.#fail(error)
      this.#restarted?.reject(error)
      return false
    }
    // Stopped meanwhile, and `stop` has seen to this sink.
    if (this.#ended) return false
    this.#starting = undefined
    this.#sink = sink
    if (this.#couldNotStart) this.#problem = undefined
    this.#couldNotStart = false
    if (this.#problem === undefined) this.#state = 'running'
    this.#events.started()
    this.#restarted?.resolve()
    return true
  }

  /** Writes a lease; only while `free`. Resolves when the write has settled, well or not. */
  write(lease: Lease): Promise<void> {
    const sink = this.#sink!
    const write: Write = { lease, result: undefined }
    this.#writes.push(write)
    return callWrite(sink, lease.batches, this.#aborting.signal).then(
      (state) => this.#settle(write, { state }),
      (thrown: unknown) => this.#settle(write, { error: toFlumeError(thrown) }),
    )
  }

  /** Lets writes end until `deadline` aborts, then asks them to, then stops the sink. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#ended = true
    this.#stopping.abort()
    const abort = (): void => this.#aborting.abort(deadline.reason)
    deadline.addEventListener('abort', abort)
    if (deadline.aborted) abort()
    await this.#writesEnd(deadline)
    deadline.removeEventListener('abort', abort)
    await this.#discarding
    const sink = this.#sink ?? this.#starting ?? this.#next
    this.#sink = undefined
    this.#next = undefined
    if (sink !== undefined) await this.#stopSink(sink)
    this.#state = 'stopped'
    this.#events.stopped()
  }

  status(group: string, health: SinkStatus['health']): SinkStatus {
    const { name, type, channel } = this.plan
    const problem = this.#triage.problem ?? this.#problem
    return {
      name,
      type,
      state: this.#state,
      problem: describe(problem),
      details: this.#sink?.status?.() ?? {},
      channel,
      group,
      eventsTotal: this.#events.totals.events,
      failuresTotal: this.#failures,
      deadLettersTotal: this.#triage.lettersTotal,
      health,
    }
  }

  #settle(write: Write, result: NonNullable<Write['result']>): void {
    write.result = result
    if ('error' in result) this.#noteFailure(result.error)
    else if (result.state === undefined) {
      // Without state nothing is claimed of the writes before it: one that hangs holds up no other.
      this.#writes = this.#writes.filter((each) => each !== write)
      this.#delivered(write.lease, undefined)
    }
    while (this.#writes[0]?.result !== undefined) this.#end(this.#writes.shift()!)
    if (this.#writes.length === 0 && this.#failure !== undefined) this.#afterFailure(this.#failure)
    if (this.idle) this.#writesEnded?.resolve()
    this.#options.onSettled()
  }

  #noteFailure(error: FlumeError): void {
    this.#events.writeFailed(error)
    // The group goes on with another sink at once; the leases stay here until their writes settled.
    if (this.#triage.concerns(error)) this.#show(error)
    else if (!this.#anyFailed) this.#fail(error)
    this.#anyFailed = true
  }

  #end({ lease, result }: Write): void {
    if ('error' in result!) {
      const { error } = result
      this.#failure = worse(this.#failure, error)
      if (this.#triage.concerns(error) && !this.#ended) this.#suspects.push({ lease, error })
      else lease.release()
    } else if (this.#failure === undefined || result!.state === undefined) {
      this.#delivered(lease, result!.state)
    } else {
      lease.release()
    }
  }

  #delivered(lease: Lease, state: Buffer | undefined): void {
    try {
      this.#acknowledge(lease, state)
    } catch (thrown) {
      // More state than a channel saves: a mistake of the sink, whose next one will repair the target.
      const error = toFlumeError(thrown)
      this.#events.acknowledgementFailed(error)
      lease.release()
      this.#failure = worse(this.#failure, error)
      if (!this.#anyFailed) this.#fail(error)
      this.#anyFailed = true
    }
  }

  /** So many events of the lease are dead letters; the others were delivered. */
  #acknowledge(lease: Lease, state: Buffer | undefined, letters = 0): void {
    lease.ack(state).then(
      () => this.#options.onSettled(),
      (thrown: unknown) => this.#events.acknowledgementFailed(toFlumeError(thrown)),
    )
    const now = this.#options.context.clock.now()
    if (letters < lease.events) {
      for (const { appendedAtMs } of lease.batches)
        if (appendedAtMs !== undefined) this.#events.deliveredAfter(now - appendedAtMs)
      const share = (lease.events - letters) / lease.events
      this.#events.delivered(lease.events - letters, Math.round(lease.bytes * share))
    }
    if (!this.#anyFailed) this.#recovered()
    // The target answered, be it with a refusal: it is there.
    this.#options.onDelivered()
  }

  /** All writes settled. A failure that is not retryable may have left the sink in any state. */
  #afterFailure(error: FlumeError): void {
    if (!isSound(error)) this.#discard()
    this.#failure = undefined
    const suspects = this.#suspects.splice(0)
    if (suspects.length === 0) this.#anyFailed = false
    else void this.#triageAll(suspects)
  }

  async #triageAll(suspects: readonly Suspect[]): Promise<void> {
    this.#triaging = true
    const error = await this.#triage.run(suspects)
    this.#triaging = false
    this.#anyFailed = false
    if (error === undefined) this.#recovered()
    else if (!this.#ended) {
      if (!isSound(error)) this.#discard()
      // A start that failed was told.
      if (!this.#couldNotStart) this.#fail(error)
    }
    this.#writesEnded?.resolve()
    this.#options.onSettled()
  }

  async #writeForTriage(batches: readonly Batch[]): Promise<Buffer | undefined> {
    await this.#whenStarted()
    const timer = this.#options.watchWrite?.()
    try {
      return await callWrite(this.#sink!, batches, this.#aborting.signal)
    } catch (thrown) {
      const error = toFlumeError(thrown)
      this.#events.writeFailed(error)
      this.#failures++
      if (isVerdict(error) && !isSound(error)) this.#discard()
      throw error
    } finally {
      timer?.clear()
    }
  }

  /** The group starts a sink that was thrown away. */
  async #whenStarted(): Promise<void> {
    const { signal } = this.#stopping
    if (this.#sink === undefined && !signal.aborted) {
      this.#restarted = Promise.withResolvers()
      this.#options.onSettled()
      await Promise.race([this.#restarted.promise, aborted(signal)])
      this.#restarted = undefined
    }
    if (signal.aborted) throw sinkStopping(this.#options.context.flow, this.plan.name)
  }

  #discard(): void {
    const sink = this.#sink
    if (sink === undefined || this.#ended) return
    this.#sink = undefined
    this.#discarding = this.#stopSink(sink)
  }

  /** A write that does not even settle after its signal keeps its lease until the channel closes. */
  async #writesEnd(deadline: AbortSignal): Promise<void> {
    if (this.idle) return
    this.#writesEnded = Promise.withResolvers()
    const ended = this.#writesEnded.promise
    await Promise.race([ended, aborted(deadline)])
    await settlesWithin(ended, WRITE_ABORT_MS, this.#options.context.clock)
  }

  async #stopSink(sink: Sink): Promise<void> {
    const { clock, flow } = this.#options.context
    const failure = await stopComponent(sink, `flow ${flow}: sink ${this.plan.name}`, clock)
    if (failure !== undefined) this.#events.stopFailed(toFlumeError(failure))
  }

  #fail(error: FlumeError): void {
    this.#show(error)
    this.#options.onFailed(error)
  }

  #show(error: FlumeError): void {
    this.#failures++
    this.#problem = error
    this.#state = 'failing'
  }

  #recovered(): void {
    this.#problem = undefined
    this.#state = this.#ended ? this.#state : 'running'
  }
}

async function callWrite(
  sink: Sink,
  batches: readonly Batch[],
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  return sink.write(batches, signal)
}
