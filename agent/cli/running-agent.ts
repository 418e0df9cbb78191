import { join } from 'node:path'
import type { AdminView } from '../admin/view.ts'
import { loader } from '../catalog.ts'
import { formatProblem } from '../config/problem.ts'
import { FlumeError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { AgentStatus } from '../core/status.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Disk } from '../lib/disk.ts'
import type { Random } from '../lib/random.ts'
import { Pipeline } from '../pipeline/pipeline.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import type { ConfigurationSource, RunnableConfiguration } from './configuration.ts'
import { CrashRecord } from './crashes.ts'
import { HeldFlows } from './held-flows.ts'
import { Reloader } from './reloader.ts'
import { productVersion } from './version.ts'

/** How long a flow that crashed the agent is held back. */
const HOLD_MS = 5 * 60_000
/** A stop that has not ended so long after its deadline never will. */
const STOP_GRACE_MS = 5_000

export interface RunningAgentOptions {
  readonly source: ConfigurationSource
  /** What the source gave at first. */
  readonly initial: RunnableConfiguration
  readonly ordinal: number
  /** The agent's own directory. */
  readonly directory: string
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** An agent as the process sees it: the pipeline with reloads, crash record and admin view. */
export class RunningAgent implements AdminView {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #metrics = createMetrics()
  readonly #pipeline: Pipeline
  readonly #crashes: CrashRecord
  readonly #held: HeldFlows
  readonly #reloader: Reloader
  readonly #source: ConfigurationSource
  readonly #ordinal: number
  /** The newest good configuration, flows that are held back included. */
  #configuration: RunnableConfiguration
  #holdTimer: Timer | undefined

  constructor(options: RunningAgentOptions) {
    const { source, initial, directory, clock, log } = options
    const { plan } = initial
    this.#source = source
    this.#ordinal = options.ordinal
    this.#configuration = initial
    this.#clock = clock
    this.#log = log
    this.#crashes = new CrashRecord(join(directory, 'crashes.json'))
    this.#held = new HeldFlows(plan, this.#crashes.suspects(clock.now()))
    this.#pipeline = new Pipeline({
      agent: plan.name,
      version: productVersion(),
      dataDirectory: directory,
      loader,
      disk: options.disk,
      clock,
      random: options.random,
      log,
      metrics: this.#metrics,
    })
    this.#metrics.collectFrom(() => this.status())
    this.#reloader = new Reloader({
      load: () => source.load(),
      initial,
      clock,
      log,
      apply: (changed) => this.#apply(changed),
      finished: (result) => this.#metrics.reloaded(result !== 'refused'),
    })
  }

  /** Starts the flows. One that cannot start is retried and does not fail this. */
  async start(): Promise<void> {
    for (const flow of this.#held.names) {
      this.#log.error({ flow, holdMs: HOLD_MS }, 'flow held back after repeated crashes')
    }
    if (this.#held.names.length > 0) {
      this.#holdTimer = this.#clock.schedule(() => void this.#release(), HOLD_MS)
    }
    for (const problem of this.#configuration.problems)
      this.#log.error({ problem: formatProblem(problem) }, 'configuration problem')
    await this.#apply(this.#configuration)
    this.#metrics.reloaded(this.#configuration.problems.length === 0)
    const flows = this.#configuration.plan.flows.length
    this.#log.info({ flows, configuration: this.#reloader.hash }, 'agent started')
  }

  reload(): void {
    this.#reloader.request()
  }

  /** Keeps for the next start that the process is about to end for an error of `flow`. */
  noteCrash(flow: string | undefined): void {
    this.#crashes.note({ at: this.#clock.now(), flow })
  }

  /** Stops in order. Events left are those of memory channels that were not delivered in time. */
  async stop(deadlineMs: number): Promise<{ readonly eventsLeft: number }> {
    this.#log.info({ deadlineMs }, 'agent stopping')
    this.#reloader.stop()
    this.#holdTimer?.clear()
    const { eventsLeft } = await this.#stopPipeline(deadlineMs)
    if (eventsLeft > 0) {
      this.#log.error({ eventsLeft }, 'agent stopped with events left in memory; they are lost')
    } else {
      this.#log.info({}, 'agent stopped')
    }
    return { eventsLeft }
  }

  status(): AgentStatus {
    const status: AgentStatus = {
      ...this.#pipeline.status(),
      ordinal: this.#ordinal,
      configuration: this.#reloader.hash,
      lastReload: this.#reloader.last,
      delivered: undefined,
    }
    const { flows, ...rest } = this.#held.addTo(status, this.#configuration.plan)
    return { ...rest, flows, delivered: this.#source.delivered?.(flows) }
  }

  /** See Pipeline.ready. An agent of which every flow is held back or refused is of no use. */
  ready(): boolean {
    const { plan, problems } = this.#configuration
    const wantsFlows = plan.flows.length > 0 || problems.length > 0
    const runsNone = this.#held.filter(plan).flows.length === 0
    return this.#pipeline.ready() && !(wantsFlows && runsNone)
  }

  live(): boolean {
    return this.#pipeline.live()
  }

  async metrics(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#metrics.contentType, text: await this.#metrics.text() }
  }

  async #apply(configuration: RunnableConfiguration): Promise<void> {
    this.#configuration = configuration
    const { plan, held } = configuration
    try {
      await this.#pipeline.apply(
        this.#held.filter(plan),
        (flow) => this.#held.because(flow) ?? held?.(flow),
      )
    } finally {
      this.#source.applied?.(this.status().flows)
    }
  }

  async #release(): Promise<void> {
    this.#log.info({ flows: this.#held.names }, 'flows no longer held back')
    this.#held.releaseAll()
    await this.#apply(this.#configuration)
  }

  #stopPipeline(deadlineMs: number): Promise<{ readonly eventsLeft: number }> {
    return new Promise((resolve, reject) => {
      const late = (): void => {
        const message = `The agent did not stop within ${deadlineMs} ms and ${STOP_GRACE_MS} ms more; it ends without closing its channels, which lose nothing by it.`
        reject(new FlumeError('FLM9001', message, { retryable: false }))
      }
      const timer = this.#clock.schedule(late, deadlineMs + STOP_GRACE_MS)
      this.#pipeline
        .stop(deadlineMs)
        .then(resolve, reject)
        .finally(() => timer.clear())
    })
  }
}
