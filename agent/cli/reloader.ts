import { formatProblem } from '../config/problem.ts'
import { toFlumeError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { ReloadOutcome } from '../core/status.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { configurationHash } from '../config/configuration-hash.ts'
import type { Configuration, RunnableConfiguration } from './configuration.ts'

export interface ReloaderOptions {
  readonly load: () => Promise<Configuration>
  /** What runs already. */
  readonly initial: RunnableConfiguration
  readonly clock: Clock
  readonly log: Logger
  /** Brings the agent from what runs to the plan. */
  readonly apply: (configuration: RunnableConfiguration) => Promise<void>
  /** Told every outcome, for metrics. */
  readonly finished: (result: ReloadOutcome['result']) => void
}

/** When what could not be applied for a while is tried again. */
export const RETRY_MS = 10_000

/**
 * Reads the configuration again and applies the difference, one reload at a time. What is wrong with
 * it changes nothing: it is logged, message by message, and kept for /status.
 */
export class Reloader {
  readonly #options: ReloaderOptions
  #hash: string
  /** What decides whether there is anything to apply. */
  #applied: string
  #last: ReloadOutcome | undefined
  #busy = false
  #again = false
  #stopped = false
  #retry: Timer | undefined

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.#hash = configurationHash(options.initial.plan)
    this.#applied = signatureOf(options.initial)
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
    this.#retry?.clear()
  }

  async #run(): Promise<void> {
    this.#busy = true
    do {
      this.#again = false
      this.#retry?.clear()
      const outcome = await this.#reload()
      if (this.#stopped) break
      this.#finish(outcome)
    } while (this.#again)
    this.#busy = false
  }

  async #reload(): Promise<Omit<ReloadOutcome, 'at'>> {
    const { plan, ...loaded } = await this.#options.load()
    const problems = loaded.problems.map(formatProblem)
    if (plan === undefined) return refused(...problems)
    const configuration = { ...loaded, plan }
    const signature = signatureOf(configuration)
    const isNew = signature !== this.#applied
    try {
      if (isNew && !this.#stopped) await this.#options.apply(configuration)
      this.#hash = configurationHash(plan)
      this.#applied = signature
    } catch (error) {
      // Each flow is applied by itself: one of which a part cannot be made keeps its last version.
      const { code, message, retryable } = toFlumeError(error)
      if (retryable) this.#retryLater()
      return refused(...problems, `${code} ${message}`)
    }
    if (problems.length > 0) return refused(...problems)
    return { result: isNew ? 'applied' : 'unchanged', errors: [] }
  }

  #retryLater(): void {
    this.#retry = this.#options.clock.schedule(() => this.request(), RETRY_MS)
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

/** Flows that are held stand beside those of the plan: that one is no longer held is a change too. */
function signatureOf({ plan, problems }: RunnableConfiguration): string {
  return [configurationHash(plan), ...problems.map(({ file }) => file)].join('\n')
}

function refused(...errors: string[]): Omit<ReloadOutcome, 'at'> {
  return { result: 'refused', errors }
}
