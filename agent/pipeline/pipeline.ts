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
export type PipelineStatus = Omit<AgentStatus, 'lastReload' | 'configuration'>

/** All flows of an agent. Each lives on its own: what happens in one never reaches another. */
export class Pipeline {
  readonly #options: PipelineOptions
  readonly #startedAt: string
  readonly #flows = new Map<string, Flow>()
  #state: AgentStatus['state'] = 'starting'
  readonly #serial = new Serial()
  #applied = false

  constructor(options: PipelineOptions) {
    this.#options = options
    this.#startedAt = new Date(options.clock.now()).toISOString()
    options.metrics.collectFrom(() => this.status())
  }

  /**
   * Brings the agent from what runs to `plan`: the first start and each reload. Resolves when what
   * leaves has stopped and what comes was started; starting goes on, with back-off where it fails.
   *
   * A flow of which a part cannot be made keeps its last version, and all others get theirs; then
   * this rejects with FLM5201 or FLM5203, but not at the first start, where there is no last version.
   */
  apply(plan: AgentPlan): Promise<void> {
    return this.#serial.run(() => this.#apply(plan))
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

  /** Every flow takes events: its channels are open and its sources run. */
  ready(): boolean {
    return this.#state === 'running' && [...this.#flows.values()].every((flow) => flow.ready())
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

  async #apply(plan: AgentPlan): Promise<void> {
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
        ),
      ),
    )
    for (const flow of this.#flows.values()) if (flow.empty) this.#flows.delete(flow.name)
    this.#state = 'running'
    const [problem, ...others] = problems.filter((each) => each !== undefined)
    if (problem === undefined || first) return
    if (others.length === 0) throw problem
    const messages = [problem, ...others].map(({ message }) => message).join('; ')
    throw new FlumeError(problem.code, messages, { retryable: false, cause: problem })
  }

  async #applyFlow(name: string, plan: FlowPlan | undefined): Promise<FlumeError | undefined> {
    const flow = this.#flow(name)
    try {
      await runInFlow(name, () => flow.apply(plan))
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
