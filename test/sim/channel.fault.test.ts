import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FaultSummary } from './fault-summary.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node')
const RUNS_DEFAULT = 500
const PROCESSES = 2
/** A run does at least this much, and a fault fires in it. */
const OPERATIONS_MIN = 50

/** Seeds start here; another start is another set of runs. */
const FIRST_SEED = Number(process.env['FAULT_SEED'] ?? 1)
const RUNS = Number(process.env['FAULT_RUNS'] ?? RUNS_DEFAULT)

test('a file channel under random faults loses nothing, repeats nothing and always comes to rest', async () => {
  const summary = new FaultSummary()
  const parts = await Promise.all(Array.from({ length: PROCESSES }, (_, i) => runPart(i)))
  for (const part of parts) summary.merge(part)
  console.log(summary.lines().join('\n'))
  expect(summary.failures).toEqual([])
  expect(summary.runs).toBe(RUNS)
  expect(summary.faultless).toBe(0)
  expect(summary.operationsMin).toBeGreaterThanOrEqual(OPERATIONS_MIN)
  expect(summary.eventsChecked).toBeGreaterThan(RUNS * OPERATIONS_MIN)
})

/** Every so many-th seed in a process of its own. */
async function runPart(part: number): Promise<FaultSummary> {
  const args = [
    join(import.meta.dirname, 'fault-cli.ts'),
    `--first=${FIRST_SEED + part}`,
    `--runs=${RUNS - part}`,
    `--stride=${PROCESSES}`,
  ]
  const child = spawn(NODE, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (text: Buffer) => (output += text.toString()))
  await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return JSON.parse(output) as FaultSummary
}
