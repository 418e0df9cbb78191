import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { FaultSummary } from './fault-summary.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node')
const PROCESSES = 2

export interface FaultRange {
  readonly what: 'channel' | 'delivery' | 'hop'
  /** The first seed; another one is another set of runs. */
  readonly first: number
  readonly runs: number
}

/** Runs the seeds in processes beside each other. */
export async function runFaults(range: FaultRange): Promise<FaultSummary> {
  const summary = new FaultSummary(range.what)
  const parts = Array.from({ length: PROCESSES }, (_, part) => runPart(range, part))
  for (const part of await Promise.all(parts)) summary.merge(part)
  return summary
}

/** Every PROCESSES-th seed. */
async function runPart(range: FaultRange, part: number): Promise<FaultSummary> {
  const args = [
    join(import.meta.dirname, 'fault-cli.ts'),
    `--what=${range.what}`,
    `--first=${range.first + part}`,
    `--runs=${range.runs - part}`,
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
