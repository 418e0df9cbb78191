import type { RunResult } from './fault-run.ts'

/** Totals over many runs. Plain data, so that processes can hand theirs over as JSON. */
export class FaultSummary {
  readonly what: string
  runs = 0
  operations = 0
  operationsMin = Infinity
  /** Runs in which no fault fired. */
  faultless = 0
  eventsChecked = 0
  /** How often each kind of fault fired, crashes included. */
  faults: Record<string, number> = {}
  failures: { seed: number; failure: string }[] = []

  constructor(what: string) {
    this.what = what
  }

  add(run: RunResult): void {
    this.merge({
      runs: 1,
      operations: run.operations,
      operationsMin: run.operations,
      faultless: Object.keys(run.faults).length === 0 ? 1 : 0,
      eventsChecked: run.eventsChecked,
      faults: run.faults,
      failures: run.failure === undefined ? [] : [{ seed: run.seed, failure: run.failure }],
    })
  }

  merge(other: Omit<FaultSummary, 'add' | 'merge' | 'lines' | 'what'>): void {
    this.runs += other.runs
    this.operations += other.operations
    this.operationsMin = Math.min(this.operationsMin, other.operationsMin)
    this.faultless += other.faultless
    this.eventsChecked += other.eventsChecked
    for (const [what, count] of Object.entries(other.faults)) {
      this.faults[what] = (this.faults[what] ?? 0) + count
    }
    this.failures.push(...other.failures)
  }

  /** For people. */
  lines(): string[] {
    const { 'power loss': power = 0, SIGKILL: kill = 0, ...faults } = this.faults
    const kinds = Object.entries(faults).sort(([, a], [, b]) => b - a)
    return [
      `${this.what}: ${this.runs} runs, ${this.operations} operations, ${this.eventsChecked} events checked, ` +
        `${power} power losses, ${kill} SIGKILLs`,
      `faults fired: ${kinds.map(([what, count]) => `${what} ${count}`).join(', ')}`,
      ...this.failures.map(
        ({ seed, failure }) =>
          `seed ${seed}: ${failure}\n  again: node test/sim/fault-cli.ts --what ${this.what} --first ${seed} --trace`,
      ),
    ]
  }
}
