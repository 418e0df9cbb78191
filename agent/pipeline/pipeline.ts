import { join } from 'node:path'
import type { ComponentLoader } from '../core/component.ts'
import { FlumeError, toFlumeError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { AgentPlan, FlowPlan } from '../core/plan.ts'
import type { AgentStatus } from '../core/status.ts'
import type { Clock } from '../lib/clock.ts'
import type { Disk } from '../lib/disk.ts'
import type { Random } from '../lib/random.ts'
import { runInFlow } from '../telemetry/flow-scope.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { findChannels } from './channel-directories.ts'
import { Flow } from './flow.ts'
import { Serial } from './serial.ts'

export interface PipelineOptions {
  readonly agent: string
  readonly version: string
  /** The agent's own directory; channels lie in <flow>/<channel> below it. */
  readonly dataDirectory: string
  readonly loader: ComponentLoader
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
}

/** /status, but for what the process knows and the pipeline does not. */
export type PipelineStatus = Pick<
  AgentStatus,
  'agent' | 'version' | 'startedAt' | 'state' | 'oldestEventAgeMs' | 'flows'
>

/** Why a flow is held, or undefined for one that is not. */
export type HeldBecause = (flow: string) => string | undefined

/** After so long the agent counts as up even where a flow neither runs nor fails. */
export const SETTLE_MS = 30_000

/** All flows of an agent. Each lives on its own: what happens in one never reaches another. */
export class Pipeline {
  readonly #options: PipelineOptions
  readonly #startedAt: string
  readonly #flows = new Map<string, Flow>()
  #state: AgentStatus['state'] = 'starting'
  readonly #serial = new Serial()
  #applied = false
  readonly #startedAtMs: number
  #isUp = false

  constructor(options: PipelineOptions) {
    this.#options = options
    this.#startedAt = new Date(options.clock.now()).toISOString()
    this.#startedAtMs = options.clock.monotonic()
    options.metrics.collectFrom(() => this.status())
  }

  /**
   * Brings the agent from what runs to `plan`: the first start and each reload. Resolves when what
   * leaves has stopped and what comes was started; starting goes on, with back-off where it fails.
   *
   * A flow of which a part cannot be made keeps its last version, and all others get theirs; then
   * this rejects with FLM5201 or FLM5203, but not at the first start, where there is no last version.
   *
   * `held` says why a flow that is not in the plan belongs to the agent nonetheless: it is configured and
   * cannot run for now. What it has on disk, positions too, stays as it is.
   */
  apply(plan: AgentPlan, held: HeldBecause = () => undefined): Promise<void> {
    return this.#serial.run(() => this.#apply(plan, held))
  }

  status(): PipelineStatus {
    const { agent, version } = this.#options
    const flows = [...this.#flows.values()]
      .filter((flow) => !flow.empty)
      .map((flow) => flow.status())
    const ages = flows.flatMap(({ channels }) =>
      channels.map(({ stats }) => stats?.oldestEventAgeMs ?? 0),
    )
    return {
      agent,
      version,
      startedAt: this.#startedAt,
      state: this.#state,
      oldestEventAgeMs: Math.max(0, ...ages),
      flows,
    }
  }

  /**
   * The process can serve: it has come up, and some flow takes events, or there is none to. A flow that
   * does not is its own affair: it does not listen, and taking the whole agent out of use would take the
   * others along.
   */
  ready(): boolean {
    if (this.#state !== 'running') return false
    const flows = [...this.#flows.values()].filter((flow) => !flow.removed)
    this.#isUp ||= flows.every((flow) => flow.settled) || this.#msSinceStart() > SETTLE_MS
    return this.#isUp && (flows.length === 0 || flows.some((flow) => flow.usable))
  }

  /** The writers make progress. That this answers says the same of the event loop. */
  live(): boolean {
    return [...this.#flows.values()].every((flow) => flow.live())
  }

  /**
   * Stops the intake, lets sinks finish what is in memory, closes the channels synced. What is not
   * done after `deadlineMs` is aborted; `eventsLeft` were in memory channels then and are lost.
   */
  async stop(deadlineMs: number): Promise<{ readonly eventsLeft: number }> {
    this.#state = 'stopping'
    const deadline = new AbortController()
    const timer = this.#options.clock.schedule(() => deadline.abort(), deadlineMs)
    try {
      return await this.#serial.run(async () => {
        const stopped = await Promise.all(
          [...this.#flows.values()].map((flow) => flow.stop(deadline.signal, deadlineMs)),
        )
        return { eventsLeft: stopped.reduce((sum, { eventsLeft }) => sum + eventsLeft, 0) }
      })
    } finally {
      timer.clear()
    }
  }

  #msSinceStart(): number {
    return this.#options.clock.monotonic() - this.#startedAtMs
  }

  async #apply(plan: AgentPlan, held: HeldBecause): Promise<void> {
    if (this.#state === 'stopping') return
    const first = !this.#applied
    if (first) await this.#adopt(plan)
    this.#applied = true
    const names = new Set([...plan.flows.map(({ name }) => name), ...this.#flows.keys()])
    const problems = await Promise.all(
      [...names].map((name) =>
        this.#applyFlow(
          name,
          plan.flows.find((flow) => flow.name === name),
          held(name),
        ),
      ),
    )
    for (const flow of this.#flows.values()) if (flow.empty) this.#flows.delete(flow.name)
    this.#state = 'running'
    const [problem, ...others] = problems.filter((each) => each !== undefined)
    if (problem === undefined || first) return
    if (others.length === 0) throw problem
    const all = [problem, ...others]
    throw new FlumeError(problem.code, all.map(({ message }) => message).join('; '), {
      retryable: all.some(({ retryable }) => retryable),
      cause: problem,
    })
  }

  async #applyFlow(
    name: string,
    plan: FlowPlan | undefined,
    held: string | undefined,
  ): Promise<FlumeError | undefined> {
    const flow = this.#flow(name)
    try {
      if (plan === undefined && held !== undefined) await flow.hold(held)
      else await runInFlow(name, () => flow.apply(plan))
      return undefined
    } catch (thrown) {
      return toFlumeError(thrown)
    }
  }

  /** Channels on disk that the plan does not name are never forgotten: they may hold events. */
  async #adopt(plan: AgentPlan): Promise<void> {
    const { disk, dataDirectory } = this.#options
    for (const { flow, channel, record } of await findChannels(disk, dataDirectory)) {
      const planned = plan.flows.find(({ name }) => name === flow)
      if (planned?.channels.some(({ name }) => name === channel)) continue
      runInFlow(flow, () => this.#flow(flow).adopt({ name: channel, ...record }))
    }
  }

  #flow(name: string): Flow {
    let flow = this.#flows.get(name)
    if (flow === undefined) {
      const { loader, disk, clock, random, metrics, log, dataDirectory } = this.#options
      const directory = join(dataDirectory, name)
      const own = { flow: name, directory, log: log.child({ flow: name }) }
      flow = new Flow({ ...own, loader, disk, clock, random, metrics })
      this.#flows.set(name, flow)
    }
    return flow
  }
}
