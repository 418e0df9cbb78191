import { createMetrics } from '../../../agent/telemetry/metrics.ts'
import { turns } from '../clock.ts'
import type { SeededRandom } from '../random.ts'
import { HopOracle } from './oracle.ts'

/** One for all runs: each hooks into the process, and nothing here looks at it. */
export const METRICS = createMetrics()

/** Time that passes for everyone with a step. */
export const STEP_MS = 20
const TRACE_MAX = 4000

/** What all parts of a run share: time in steps, randomness, the oracle, and the first failure. */
export class World {
  readonly random: SeededRandom
  readonly oracle: HopOracle
  readonly trace: string[] = []
  step = 0
  /** Nothing disturbs any more: everything must come to rest. */
  calm = false
  #failure: unknown
  #requests = 0
  readonly #waiting: { readonly step: number; readonly run: () => void }[] = []

  constructor(random: SeededRandom) {
    this.random = random
    this.oracle = new HopOracle((what) => this.note(what))
  }

  /** Puts a line into the trace of the run. */
  note(what: string): void {
    if (this.trace.length < TRACE_MAX) this.trace.push(`${this.step} ${what}`)
  }

  nextRequest(): number {
    return ++this.#requests
  }

  /** The run is over: it broke a promise, or something failed that must not. */
  fail(error: unknown): void {
    this.#failure ??= error
  }

  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure as Error
  }

  /** Resolves so many steps from now. */
  after(steps: number): Promise<void> {
    return new Promise((run) => {
      this.#waiting.push({ step: this.step + steps, run })
    })
  }

  /** Lets what was started go on for a little, then time moves by one step. */
  async pass(): Promise<void> {
    await turns(this.random.between(1, 2))
    this.step++
    const due = this.#waiting.filter(({ step }) => step <= this.step)
    for (const each of due) {
      this.#waiting.splice(this.#waiting.indexOf(each), 1)
      each.run()
    }
    this.throwFailure()
  }
}
