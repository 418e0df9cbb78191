import { FlumeError, toFlumeError } from '../core/errors.ts'
import type { ComponentPlan, FlowPlan } from '../core/plan.ts'
import type { FlowStatus } from '../core/status.ts'
import type { Timer } from '../lib/clock.ts'
import { FlowEvents } from '../telemetry/events.ts'
import { removeChannel } from './channel-directories.ts'
import { typeChange } from './channel-record.ts'
import { ChannelRunner, describe } from './channel-runner.ts'
import { diffFlow } from './flow-diff.ts'
import type { FlowDiff, GroupPlan } from './flow-diff.ts'
import type { FlowContext } from './flow-context.ts'
import { flowState } from './flow-state.ts'
import { GroupRunner } from './group-runner.ts'
import { prepareFlow } from './prepare.ts'
import type { PreparedFlow } from './prepare.ts'
import { Serial } from './serial.ts'
import { aborted } from './settle.ts'
import { SourceRunner } from './source-runner.ts'

/** On reload: how long batches of a source that is stopped may take to get into their channels. */
export const RELOAD_GRACE_MS = 5_000

/** How often channels that left the configuration are looked at. */
export const LEFT_CHECK_MS = 1_000

interface Group {
  readonly plan: GroupPlan
  readonly runner: GroupRunner
}

/**
 * One flow: its channels, sources and sink groups, and how they change together. Everything that
 * starts or stops parts runs one at a time.
 */
export class Flow {
  readonly name: string
  readonly #context: FlowContext
  readonly #events: FlowEvents
  #plan: FlowPlan | undefined
  #problem: FlumeError | undefined
  #removed = false
  /** Why it is configured and has no plan. */
  #held: string | undefined
  #stopping = false
  readonly #channels = new Map<string, ChannelRunner>()
  readonly #groups = new Map<string, Group>()
  readonly #sources = new Map<string, SourceRunner>()
  /** Per source, when the events of its stopped runs are safe. */
  readonly #earlier = new Map<string, Promise<void>>()
  readonly #serial = new Serial()
  #leftTimer: Timer | undefined
  #progress = Promise.withResolvers<void>()

  constructor(context: FlowContext) {
    this.name = context.flow
    this.#context = context
    this.#events = new FlowEvents(context.log)
  }

  /** Whether it is no longer in the configuration. */
  get removed(): boolean {
    return this.#removed
  }

  /** Whether there is nothing left of a removed flow. */
  get empty(): boolean {
    return this.#removed && this.#channels.size === 0
  }

  /** It has come up as far as it does by itself: each part runs or has failed. */
  get settled(): boolean {
    if (this.#plan === undefined) return this.#held !== undefined || this.#problem !== undefined
    const open = this.#activeChannels().every(({ channel }) => channel !== undefined)
    const failed = this.#activeChannels().some((channel) => channel.status().state === 'failing')
    return failed || (open && [...this.#sources.values()].every((source) => source.settled))
  }

  /** It takes events: its channels are open and a source of it runs, with room for what it brings. */
  get usable(): boolean {
    if (this.#plan === undefined || this.#stopping) return false
    const open = this.#activeChannels().every(({ channel }) => channel !== undefined)
    return open && [...this.#sources.values()].some((source) => source.usable)
  }

  /**
   * Brings the flow from what runs to `plan`; undefined removes it. Rejects, with everything as it
   * was, when a part of the plan cannot be made.
   */
  apply(plan: FlowPlan | undefined): Promise<void> {
    return this.#serial.run(async () => {
      try {
        await this.#apply(plan)
        this.#problem = undefined
        this.#held = undefined
      } catch (thrown) {
        this.#problem = toFlumeError(thrown)
        this.#events.refused(this.#problem)
        throw this.#problem
      }
    })
  }

  /**
   * It is configured and cannot run for now: what it has on disk stays as it is, also what is empty, for
   * positions are in it. A flow that runs goes on.
   */
  hold(because: string): Promise<void> {
    return this.#serial.run(() => {
      this.#held = because
      this.#removed = false
      return Promise.resolve()
    })
  }

  /** Opens a channel that was found on disk and that no plan names: it may hold events. */
  adopt(plan: ComponentPlan): void {
    const runner = new ChannelRunner(plan, this.#context)
    runner.role = 'orphaned'
    this.#channels.set(plan.name, runner)
    runner.open()
    this.#watchLeft()
  }

  /**
   * Stops the intake, lets sinks empty the memory channels, and closes. What is not done when
   * `deadline` aborts is aborted.
   */
  stop(deadline: AbortSignal, graceMs: number): Promise<{ readonly eventsLeft: number }> {
    this.#stopping = true
    this.#leftTimer?.clear()
    return this.#serial.run(async () => {
      await all(this.#sources.values(), (source) => source.stop(graceMs))
      await this.#drained(deadline)
      await all(this.#groups.values(), ({ runner }) => runner.stop(deadline))
      const eventsLeft = this.#volatileEvents()
      await all(this.#channels.values(), (channel) => channel.close())
      return { eventsLeft }
    })
  }

  status(): FlowStatus {
    const parts = {
      sources: [...this.#sources.values()].map((source) => source.status()),
      channels: [...this.#channels.values()].map((channel) => channel.status()),
      sinks: [...this.#groups.values()].flatMap(({ runner }) => runner.status()),
    }
    const problem = describe(this.#problem) ?? this.#held
    const facts = { removed: this.#removed, stopping: this.#stopping, problem }
    const hash = this.#plan?.hash ?? ''
    return { name: this.name, state: flowState(parts, facts), hash, problem, ...parts }
  }

  live(): boolean {
    return [...this.#channels.values()].every((channel) => channel.live)
  }

  async #apply(plan: FlowPlan | undefined): Promise<void> {
    if (this.#stopping) return
    const running = {
      sources: [...this.#sources.values()].map((source) => source.plan),
      channels: [...this.#channels.values()].map((channel) => channel.plan),
      groups: [...this.#groups.values()].map((group) => group.plan),
      deadLetterChannel: this.#plan?.deadLetterChannel,
    }
    const diff = diffFlow(running, plan)
    const retyped = diff.retypedChannels[0]
    if (retyped !== undefined) {
      const { directory, plan: old } = this.#channels.get(retyped.name)!
      throw typeChange(retyped, old.type, directory)
    }
    const prepared = await prepareFlow(diff, this.#context, plan?.deadLetterChannel)
    await this.#stopSources(diff)
    const kept = await this.#drainReopened(diff)
    await this.#stopGroups(diff)
    await this.#changeChannels(diff, kept)
    this.#plan = plan
    this.#removed = plan === undefined
    this.#startParts(prepared)
    this.#events.applied(plan?.hash, diff)
    this.#watchLeft()
    if (kept.size > 0) throw keptError(this.name, [...kept])
  }

  async #stopSources(diff: FlowDiff): Promise<void> {
    await all(diff.stopSources, async (name) => {
      const source = this.#sources.get(name)!
      await source.stop(RELOAD_GRACE_MS)
      this.#sources.delete(name)
      const earlier = this.#earlier.get(name)
      this.#earlier.set(name, Promise.all([earlier, source.safe()]).then(noop))
    })
  }

  /** Memory channels with new settings that could not be emptied in time: they keep the old ones. */
  async #drainReopened(diff: FlowDiff): Promise<ReadonlySet<string>> {
    const names = new Set(
      diff.reopenChannels
        .map(({ name }) => name)
        .filter((name) => this.#channels.get(name)!.isVolatile),
    )
    await this.#withGrace((deadline) => this.#drained(deadline, names))
    return new Set([...names].filter((name) => this.#volatileEvents(new Set([name])) > 0))
  }

  async #stopGroups(diff: FlowDiff): Promise<void> {
    await this.#withGrace((deadline) =>
      all(diff.stopGroups, async (name) => {
        await this.#groups.get(name)!.runner.stop(deadline)
        this.#groups.delete(name)
      }),
    )
  }

  async #withGrace(work: (deadline: AbortSignal) => Promise<void>): Promise<void> {
    const grace = new AbortController()
    const timer = this.#context.clock.schedule(() => grace.abort(), RELOAD_GRACE_MS)
    await work(grace.signal)
    timer.clear()
  }

  async #changeChannels(diff: FlowDiff, kept: ReadonlySet<string>): Promise<void> {
    const reopen = diff.reopenChannels.filter(({ name }) => !kept.has(name))
    await all(reopen, ({ name }) => this.#channels.get(name)!.close())
    for (const plan of [...reopen, ...diff.openChannels]) {
      const runner = new ChannelRunner(plan, this.#context)
      this.#channels.set(plan.name, runner)
      runner.open()
    }
    for (const runner of this.#channels.values()) {
      const { name } = runner.plan
      if (!diff.leaveChannels.includes(name)) runner.role = 'active'
      else {
        const drained = [...this.#groups.values()].some(({ plan }) => plan.group.channel === name)
        runner.leave(drained ? 'retiring' : 'orphaned')
      }
    }
  }

  #startParts({ groups, sources }: PreparedFlow): void {
    const context = this.#context
    for (const prepared of groups) {
      const channel = this.#channels.get(prepared.plan.channel)!
      const runner = new GroupRunner(prepared, {
        context,
        channel,
        deadLetterChannel: () => this.#deadLetterChannel(),
        onProgress: () => this.#progressed(),
      })
      const plan = { group: prepared.plan, sinks: prepared.sinks.map((sink) => sink.plan) }
      this.#groups.set(prepared.plan.name, { plan, runner })
      runner.start()
    }
    for (const prepared of sources) {
      const { name } = prepared.plan
      const runner = new SourceRunner(prepared, {
        context,
        channels: () => [...this.#channels.values()],
        earlierSafe: () => this.#earlier.get(name) ?? Promise.resolve(),
      })
      this.#sources.set(name, runner)
      runner.start()
    }
  }

  #activeChannels(): readonly ChannelRunner[] {
    return [...this.#channels.values()].filter(({ role }) => role === 'active')
  }

  #deadLetterChannel(): ChannelRunner | undefined {
    const name = this.#plan?.deadLetterChannel
    return name === undefined ? undefined : this.#channels.get(name)
  }

  /** Waits until memory channels that have sinks are empty. */
  async #drained(deadline: AbortSignal, among?: ReadonlySet<string>): Promise<void> {
    const names = [...this.#groups.values()].map(({ plan }) => plan.group.channel)
    const drained = new Set(names.filter((name) => among?.has(name) ?? true))
    const end = aborted(deadline)
    while (!deadline.aborted && this.#volatileEvents(drained) > 0)
      await Promise.race([this.#progress.promise, end])
  }

  #volatileEvents(among?: ReadonlySet<string>): number {
    let events = 0
    for (const channel of this.#channels.values())
      if (channel.isVolatile && (among?.has(channel.plan.name) ?? true))
        events += channel.backlogEvents ?? 0
    return events
  }

  #progressed(): void {
    this.#progress.resolve()
    this.#progress = Promise.withResolvers()
  }

  #watchLeft(): void {
    const { clock } = this.#context
    const left = [...this.#channels.values()].some(({ role }) => role !== 'active')
    if (!left || this.#stopping || this.#leftTimer !== undefined) return
    this.#leftTimer = clock.schedule(() => {
      this.#leftTimer = undefined
      void this.#serial.run(() => this.#removeEmpty()).then(() => this.#watchLeft())
    }, LEFT_CHECK_MS)
  }

  /**
   * Removes channels that left and are empty. Their positions may be the lowest ones until every
   * source has committed its resume points to the channels it feeds now, so all must run.
   */
  async #removeEmpty(): Promise<void> {
    if (this.#stopping || ![...this.#sources.values()].every(({ running }) => running)) return
    if (this.#plan === undefined && !this.#removed) return
    for (const [name, runner] of this.#channels) {
      if (runner.role === 'active' || runner.backlogEvents !== 0) continue
      await all(this.#groups.values(), async (group) => {
        if (group.plan.group.channel !== name) return
        await group.runner.stop(AbortSignal.abort())
        this.#groups.delete(group.plan.group.name)
      })
      await runner.close()
      this.#channels.delete(name)
      await this.#removeFiles(runner)
    }
  }

  async #removeFiles(runner: ChannelRunner): Promise<void> {
    try {
      await removeChannel(this.#context.disk, runner.directory, this.#context.random)
      runner.events.removed()
    } catch (thrown) {
      runner.events.removeFailed(toFlumeError(thrown))
    }
  }
}

async function all<Item>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  await Promise.all([...items].map(work))
}

function keptError(flow: string, channels: readonly string[]): FlumeError {
  return new FlumeError(
    'FLM5204',
    `flow ${flow}: ${channels.join(', ')} holds events in memory that could not be delivered in ${RELOAD_GRACE_MS} ms and keeps its old settings, so that they are not lost; reload again when it is empty`,
    { retryable: true, facts: { flow, channels } },
  )
}

function noop(): void {}
