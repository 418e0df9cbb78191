import type { Channel } from '../core/channel.ts'
import type { SourceModule } from '../core/component.ts'
import { toFlumeError } from '../core/errors.ts'
import type { FlumeError } from '../core/errors.ts'
import type { SourcePlan } from '../core/plan.ts'
import type { Selector } from '../core/selector.ts'
import type { Source, SourceContext } from '../core/source.ts'
import type { SourceStatus } from '../core/status.ts'
import { backoffMs } from '../lib/backoff.ts'
import { sleep } from '../lib/clock.ts'
import { DeadLetterEvents } from '../telemetry/dead-letter-events.ts'
import { SourceEvents } from '../telemetry/events.ts'
import { describe } from './channel-runner.ts'
import type { ChannelRunner } from './channel-runner.ts'
import { commitPositions } from './commit-positions.ts'
import { tightest } from './cut.ts'
import { componentContext } from './flow-context.ts'
import type { FlowContext } from './flow-context.ts'
import { Intake } from './intake.ts'
import type { IntakeChannel } from './intake-channel.ts'
import type { GivenUp, NamedInterceptor } from './intercepted.ts'
import { turnsAwayError } from './intake-errors.ts'
import { resumePoints, streamInChannel } from './positions.ts'
import type { ResumePoints } from './positions.ts'
import { RoomWatch } from './room-watch.ts'
import { interceptorName } from './router.ts'
import { aborted, settlesWithin, stopComponent } from './settle.ts'

export const SOURCE_RETRY = { minMs: 500, maxMs: 30_000 }

/** A source that ran this long had a fresh failure, not the same one again. */
const SOURCE_STEADY_MS = 60_000

/** A source's parts, made and so checked before anything that runs is touched. */
export interface PreparedSource {
  readonly plan: SourcePlan
  readonly module: SourceModule<unknown>
  readonly source: Source
  readonly interceptors: readonly NamedInterceptor[]
  readonly selector: Selector
  readonly requiredChannels: readonly string[]
  /** One of them, where an interceptor may give up on events and the flow has a channel for those. */
  readonly deadLetterChannel: string | undefined
}

export interface SourceRunnerOptions {
  readonly context: FlowContext
  /** All channels of the flow, also those that left: they may hold the lowest position. */
  readonly channels: () => readonly ChannelRunner[]
  /** Resolves when events that an earlier run of this source left in memory channels are safe. */
  readonly earlierSafe: () => Promise<void>
}

/** One source of a flow: started with back-off, fed into its channels, stopped. */
export class SourceRunner {
  readonly plan: SourcePlan
  readonly #prepared: PreparedSource
  readonly #options: SourceRunnerOptions
  readonly #events: SourceEvents
  readonly #deadLetters: DeadLetterEvents
  readonly #stopping = new AbortController()
  readonly #room: RoomWatch
  #source: Source | undefined
  #intake: Intake | undefined
  #running: Promise<void> | undefined
  #state: SourceStatus['state'] = 'starting'
  #problem: FlumeError | undefined
  #waitsFor: string | undefined
  #emissions = 0
  /** Reports to the run of now that it cannot go on. */
  #failRun: (error: FlumeError) => void = () => {}

  constructor(prepared: PreparedSource, options: SourceRunnerOptions) {
    this.plan = prepared.plan
    this.#prepared = prepared
    this.#options = options
    const { flow, log, metrics } = options.context
    const to = { log: log.child({ source: this.plan.name }), metrics }
    this.#events = new SourceEvents(flow, this.plan.name, to)
    this.#deadLetters = new DeadLetterEvents(flow, to)
    this.#room = new RoomWatch(() => this.#requiredChannels(), options.context.clock)
  }

  get running(): boolean {
    return this.#state === 'running'
  }

  /** It runs or has failed, and is not on its way up for the first time. */
  get settled(): boolean {
    return this.#state !== 'starting'
  }

  /** It runs and takes events. */
  get usable(): boolean {
    return this.running
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /**
   * Stops the intake, waits up to `graceMs` for batches to get into their channels, and gives back
   * those that do not. What the source will read again is not waited for.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort()
    await this.#running
    const intake = this.#intake
    if (intake !== undefined) {
      intake.giveBackReplayable()
      await settlesWithin(intake.quiet(), graceMs, this.#options.context.clock)
      intake.end()
      await intake.settled()
    }
    this.#state = 'stopped'
    this.#events.stopped()
  }

  /** Resolves when no event of this source is in a channel that could still lose it. */
  async safe(): Promise<void> {
    await this.#intake?.safe()
  }

  status(): SourceStatus {
    const { name, type } = this.plan
    return {
      name,
      type,
      state: this.#state,
      problem: describe(this.#problem) ?? this.#waitsFor,
      details: this.#source?.status?.() ?? {},
      eventsTotal: this.#events.totals.events,
      deadLettersTotal: this.#deadLetters.total,
    }
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options.context
    const stopping = this.#stopping.signal
    let failures = 0
    for (let first = true; !stopping.aborted; first = false) {
      const source = first
        ? this.#prepared.source
        : this.#prepared.module.createSource(this.plan.config)
      const startedMs = clock.monotonic()
      const error = await this.#runOnce(source)
      await this.#stopSource(source)
      if (error === undefined) continue
      if (clock.monotonic() - startedMs > SOURCE_STEADY_MS) failures = 0
      failures++
      this.#problem = error
      this.#state = 'failing'
      if (error.code === 'FLM5108') {
        this.#events.turnsAway(error)
        await this.#room.room(stopping)
        continue
      }
      const delayMs = backoffMs(failures, SOURCE_RETRY, random)
      this.#events.failed(error, delayMs)
      await sleep(clock, delayMs, stopping)
    }
  }

  /** Resolves to why the source cannot go on, or to undefined when it is to stop. */
  async #runOnce(source: Source): Promise<FlumeError | undefined> {
    const stopping = this.#stopping.signal
    const failed = Promise.withResolvers<FlumeError>()
    try {
      const intake = await this.#untilStopped(this.#open())
      if (intake === undefined) return undefined
      const resume = await this.#resume(intake)
      if (resume === undefined || stopping.aborted) return undefined
      this.#source = source
      const context = this.#contextOf(intake, { resume, fail: failed.resolve })
      await this.#untilStopped(source.start(context).then(() => true))
      if (stopping.aborted) return undefined
      this.#state = 'running'
      this.#problem = undefined
      this.#events.started(resume.streams.size)
    } catch (thrown) {
      return stopping.aborted ? undefined : toFlumeError(thrown)
    }
    return this.#untilStopped(
      source.hasClients === true ? this.#orStalled(failed.promise) : failed.promise,
    )
  }

  /** Clients that bring events for which there is no room are better off at another agent. */
  async #orStalled(failed: Promise<FlumeError>): Promise<FlumeError | undefined> {
    const stopping = this.#stopping.signal
    const over = new AbortController()
    const brought = {
      emissions: () => this.#emissions,
      accepted: () => this.#events.totals.events,
    }
    const { flow } = this.#options.context
    const stalled = this.#room
      .stalled(brought, AbortSignal.any([over.signal, stopping]))
      .then(() => (stopping.aborted ? undefined : turnsAwayError({ flow, source: this.plan.name })))
    return Promise.race([failed, stalled]).finally(() => over.abort())
  }

  #requiredChannels(): readonly Channel[] {
    const { requiredChannels } = this.#prepared
    return [...requiredChannels].sort().flatMap((name) => this.#runner(name)?.channel ?? [])
  }

  async #untilStopped<Result>(work: Promise<Result>): Promise<Result | undefined> {
    const stopped = aborted(this.#stopping.signal).then(() => undefined)
    return Promise.race([work, stopped])
  }

  /** Waits for all channels of the flow: one that is not open may hold the lowest position. */
  async #open(): Promise<Intake | undefined> {
    const open = new Map<string, IntakeChannel>()
    for (const runner of this.#options.channels()) {
      this.#waitsFor = `waits for channel ${runner.plan.name} to open`
      const channel = await runner.whenOpen()
      if (channel === undefined) continue
      if (this.#feeds(runner.plan.name)) open.set(runner.plan.name, runner.forSources(channel))
    }
    this.#waitsFor = undefined
    if (this.#stopping.signal.aborted) return undefined
    const { flow, clock, random } = this.#options.context
    const { interceptors, selector, requiredChannels, deadLetterChannel } = this.#prepared
    this.#intake ??= new Intake({
      flow,
      source: this.plan.name,
      routingHash: this.plan.routing,
      channels: open,
      requiredChannels,
      interceptors,
      selector,
      deadLetters: {
        channel: deadLetterChannel,
        now: () => clock.now(),
        onGivenUp: (givenUp) => this.#onGivenUp(givenUp),
        onRefused: (error) => this.#failRun(error),
      },
      limits: tightest([...open.values()].map(({ channel }) => channel.limits)),
      clock,
      random,
      events: this.#events,
    })
    return this.#intake
  }

  /**
   * See positions.ts. Once the source is to stop, nothing of this goes on: the run after it commits a
   * generation of its own, and a position of this one that came later would bring it back to here.
   */
  async #resume(intake: Intake): Promise<ResumePoints | undefined> {
    const stopping = this.#stopping.signal
    this.#waitsFor = 'waits until its last batches are in their channels'
    await this.#untilStopped(intake.settled())
    if (stopping.aborted) return undefined
    let resume = this.#resumePoints()
    if (resume.commits.length > 0) {
      // A new generation begins at a position that must not cover what memory could still lose.
      this.#waitsFor = 'waits until its last events are safe, since its routing changed'
      await this.#untilStopped(Promise.all([intake.safe(), this.#options.earlierSafe()]))
      if (stopping.aborted) return undefined
      resume = this.#resumePoints()
      const writes = resume.commits.map(({ channel, stream, position }) => ({
        channel: this.#runner(channel)!.channel!,
        stream,
        position,
      }))
      await commitPositions(writes, stopping)
    }
    this.#waitsFor = undefined
    const known = [...resume.streams.keys()].map((name) => streamInChannel(this.plan.name, name))
    intake.begin(resume.routing, known)
    return resume
  }

  #resumePoints(): ResumePoints {
    const { requiredChannels } = this.#prepared
    const channels = this.#options.channels().map((runner) => ({
      channel: runner.plan.name,
      required: requiredChannels.includes(runner.plan.name),
      positions: runner.channel?.positions() ?? new Map(),
    }))
    return resumePoints(this.plan.name, this.plan.routing, channels)
  }

  #feeds(channel: string): boolean {
    return this.plan.channels.includes(channel) || channel === this.#prepared.deadLetterChannel
  }

  #onGivenUp(givenUp: readonly GivenUp[]): void {
    const nowMs = this.#options.context.clock.monotonic()
    for (const { type, kind, reason, batch } of givenUp) {
      const component = interceptorName(type, this.plan.name)
      this.#deadLetters.deadLettered(batch.count, { component, kind, reason }, nowMs)
    }
  }

  #runner(name: string): ChannelRunner | undefined {
    return this.#options.channels().find((runner) => runner.plan.name === name)
  }

  #contextOf(
    intake: Intake,
    run: { readonly resume: ResumePoints; readonly fail: (error: FlumeError) => void },
  ): SourceContext {
    return {
      ...componentContext(this.#options.context, 'source', this.plan.name),
      emit: (batch, signal) => {
        this.#emissions++
        return intake.emit(batch, signal)
      },
      eventBytesMax: intake.limits.batchBytesMax,
      positions: () => run.resume.streams,
      fail: (this.#failRun = run.fail),
      dropped: (events, reason) => this.#events.droppedBySource(events, reason),
    }
  }

  async #stopSource(source: Source): Promise<void> {
    const what = `flow ${this.#options.context.flow}: source ${this.plan.name}`
    const failure = await stopComponent(source, what, this.#options.context.clock)
    if (failure === undefined) return
    this.#events.stopFailed(toFlumeError(failure))
  }
}
