import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closingBlock, totalsOf } from './test/report.ts'
import type { NotRun, StepResult, TierResult } from './test/report.ts'
import { runStep } from './test/run-step.ts'
import { TIERS } from './test/tiers.ts'
import type { Tier } from './test/tiers.ts'

/**
 * Runs the tiers of the test suite and says what ran.
 *
 *   node hack/test.ts            the tiers of `npm test`
 *   node hack/test.ts check …    only the named tiers
 *   node hack/test.ts --ci       every tier; what cannot run is a failure
 *
 * Exits with 1 when anything failed.
 */
const root = join(import.meta.dirname, '..')
const args = process.argv.slice(2)
const ci = args.includes('--ci')
const names = args.filter((arg) => arg !== '--ci')
const scratch = mkdtempSync(join(tmpdir(), 'flume-test-'))
const notRunFile = join(scratch, 'not-run.jsonl')

const unknown = names.filter((name) => !TIERS.some((tier) => tier.name === name))
if (unknown.length > 0) {
  const known = TIERS.map((tier) => tier.name).join(', ')
  console.error(`Unknown tier: ${unknown.join(', ')}. There are: ${known}.`)
  process.exit(2)
}

const chosen = TIERS.filter((tier) =>
  names.length > 0 ? names.includes(tier.name) : ci || !tier.onlyInCi,
)
const results: TierResult[] = []
for (const tier of chosen) results.push(await runTier(tier))

const notRun = readNotRun()
if (ci && notRun.length > 0) results.push(leftOut(notRun.length))
console.log(closingBlock(results, [...notRun, ...leftToCi()]))
rmSync(scratch, { recursive: true, force: true })
if (totalsOf(results).failed > 0) process.exitCode = 1

async function runTier(tier: Tier): Promise<TierResult> {
  const steps: StepResult[] = []
  for (const step of tier.steps) {
    console.log(`\n─── ${tier.name}: ${step.name} ───`)
    const stepScratch = join(scratch, `${tier.name}-${step.name}`)
    mkdirSync(stepScratch)
    const env = { FLUME_TEST_NOT_RUN: notRunFile }
    const result = await runStep(step, { root, scratch: stepScratch, env })
    steps.push(result)
    const verdict = result.failed > 0 ? 'FAILED' : 'ok'
    console.log(`─── ${tier.name}: ${step.name} ${verdict}, ${result.seconds.toFixed(1)} s ───`)
  }
  return { name: tier.name, steps }
}

/** What a plain `npm test` leaves out, to be done in ten minutes. */
function leftToCi(): NotRun[] {
  const left = names.length > 0 ? [] : TIERS.filter((tier) => !chosen.includes(tier))
  return left.map(({ name }) => ({ what: name, why: 'only in CI', cure: `npm test -- ${name}` }))
}

/** In CI nothing may be left out. */
function leftOut(failed: number): TierResult {
  const problem = 'CI runs everything: see NOT RUN below'
  return { name: 'left out', steps: [{ name: 'not run', passed: 0, failed, seconds: 0, problem }] }
}

/** Tests that cannot run on this machine say so in a file: see test/not-run.ts. */
function readNotRun(): NotRun[] {
  if (!existsSync(notRunFile)) return []
  const lines = readFileSync(notRunFile, 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line) as NotRun)
}
