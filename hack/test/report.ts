/** What a run prints at its end: each tier, what was not run and why, and the totals. */

export interface StepResult {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly seconds: number
  /** Why it failed, when that is not in the counts (a time-out, a crash). */
  readonly problem: string | undefined
  /** The tests that failed. */
  readonly failures?: readonly Failure[]
}

export interface Failure {
  /** File and full name of the test; of a file that did not load, its path. */
  readonly test: string
  /** What the test said, shortened. */
  readonly message: string
}

export interface TierResult {
  readonly name: string
  readonly steps: readonly StepResult[]
}

/** Something that was left out: `interop/flume — no JDK — npm run setup -- flume`. */
export interface NotRun {
  readonly what: string
  readonly why: string
  readonly cure: string
}

export interface Totals {
  readonly passed: number
  readonly failed: number
}

/** Of one step, as many failures are named. */
const FAILURES_MAX = 10

export function totalsOf(tiers: readonly TierResult[]): Totals {
  let passed = 0
  let failed = 0
  for (const step of tiers.flatMap((tier) => tier.steps)) {
    passed += step.passed
    failed += step.failed
  }
  return { passed, failed }
}

/** The closing block. Its last line is `N passed, N failed`, alone. */
export function closingBlock(tiers: readonly TierResult[], notRun: readonly NotRun[]): string {
  const lines = ['', '─── what ran ───']
  for (const tier of tiers) {
    const { passed, failed } = totalsOf([tier])
    const seconds = tier.steps.reduce((sum, step) => sum + step.seconds, 0)
    lines.push(row(tier.name, passed, failed, seconds))
    for (const step of tier.steps) {
      lines.push(row(`  ${step.name}`, step.passed, step.failed, step.seconds))
      if (step.problem !== undefined) lines.push(`    ${step.problem}`)
    }
  }
  // Several tests may miss the same thing.
  lines.push(...new Set(notRun.map(({ what, why, cure }) => `NOT RUN: ${what} — ${why} — ${cure}`)))
  const { passed, failed } = totalsOf(tiers)
  // A reader of a log that was cut off at its start still learns what failed.
  lines.push(...tiers.flatMap(({ steps }) => steps.flatMap(({ failures = [] }) => told(failures))))
  lines.push(`${passed} passed, ${failed} failed`)
  return lines.join('\n')
}

function told(failures: readonly Failure[]): string[] {
  const lines: string[] = []
  for (const { test, message } of failures.slice(0, FAILURES_MAX))
    lines.push(`FAILED: ${test}`, message.replaceAll(/^/gm, '    '))
  const more = failures.length - FAILURES_MAX
  if (more > 0) lines.push(`… and ${more} more`)
  return lines
}

function row(name: string, passed: number, failed: number, seconds: number): string {
  const verdict = failed > 0 ? `${failed} FAILED` : 'ok'
  const count = String(passed).padStart(6)
  return `${name.padEnd(22)}${count} passed  ${verdict.padEnd(10)}${seconds.toFixed(1).padStart(7)} s`
}
