import { formatProblem } from '../config/problem.ts'
import { loadConfiguration } from '../config/load.ts'
import type { Bindings } from '../config/load.ts'
import { toFlumeError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { AgentPlan } from '../core/plan.ts'
import type { ReloadOutcome } from '../core/status.ts'
import type { Clock } from '../lib/clock.ts'
import { configurationHash } from '../config/configuration-hash.ts'

export interface ReloaderOptions extends Bindings {
  readonly files: readonly string[]
  /** What runs already. */
  readonly plan: AgentPlan
  readonly clock: Clock
  readonly log: Logger
  /** Brings the agent from what runs to the plan. */
  readonly apply: (plan: AgentPlan) => Promise<void>
  /** Told every outcome, for metrics. */
  readonly finished: (result: ReloadOutcome['result']) => void
}

/**
 * Reads the configuration again and applies the difference, one reload at a time. What is wrong with
 * it changes nothing: it is logged, message by message, and kept for /status.
 */
export class Reloader {
  readonly #options: ReloaderOptions
  #hash: string
  #last: ReloadOutcome | undefined
  #busy = false
  #again = false
  #stopped = false

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.#hash = configurationHash(options.plan)
  }

  get last(): ReloadOutcome | undefined {
    return this.#last
  }

  /** Hash of the newest configuration that was applied in full. */
  get hash(): string {
    return this.#hash
  }

  /** Asks for a reload. Requests during one are answered by a single further one. */
  request(): void {
    if (this.#busy) this.#again = true
    else void this.#run()
  }

  /** No reload begins after this. */
  stop(): void {
    this.#stopped = true
  }

  async #run(): Promise<void> {
    this.#busy = true
    do {
      this.#again = false
      const outcome = await this.#reload()
      if (this.#stopped) break
      this.#finish(outcome)
    } while (this.#again)
    this.#busy = false
  }

  async #reload(): Promise<Omit<ReloadOutcome, 'at'>> {
    const { files, plan: running } = this.#options
    if (files.includes('-')) return refused(STDIN_ERROR)
    try {
      // The name is held: another agent's plan would run on this one's data directory.
      const choice = { ...this.#options, agent: running.name }
      const { plan, problems } = await loadConfiguration(files, choice)
      if (plan === undefined) return refused(...problems.map(formatProblem))
      const hash = configurationHash(plan)
      if (hash === this.#hash) return { result: 'unchanged', errors: [] }
      if (!this.#stopped) await this.#options.apply(plan)
      this.#hash = hash
      return { result: 'applied', errors: [] }
    } catch (error) {
      // Each flow is applied by itself: one of which a part cannot be made keeps its last version.
      const { code, message } = toFlumeError(error)
      return refused(`${code} ${message}`)
    }
  }

  #finish(outcome: Omit<ReloadOutcome, 'at'>): void {
    const { log, clock, finished } = this.#options
    this.#last = { at: new Date(clock.now()).toISOString(), ...outcome }
    for (const problem of outcome.errors) log.error({ problem }, 'configuration problem')
    if (outcome.result === 'refused') {
      log.error(
        { problems: outcome.errors.length },
        'reload refused; what it concerns goes on as before',
      )
    } else {
      log.info({ result: outcome.result, configuration: this.#hash }, 'configuration reloaded')
    }
    finished(outcome.result)
  }
}

const STDIN_ERROR =
  'the configuration came from the standard input (-f -), which cannot be read again. Start the agent with -f FILE to reload'

function refused(...errors: string[]): Omit<ReloadOutcome, 'at'> {
  return { result: 'refused', errors }
}
