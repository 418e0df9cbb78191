import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Failure, StepResult, Totals } from './report.ts'
import type { Step } from './tiers.ts'

export interface RunOptions {
  readonly root: string
  /** An empty directory for this step. */
  readonly scratch: string
  readonly env: Readonly<Record<string, string>>
}

/**
 * Runs one step with its output passed through. A vitest step counts its tests; any other command
 * counts as one check.
 */
export async function runStep(step: Step, options: RunOptions): Promise<StepResult> {
  const started = performance.now()
  const [program, ...args] = step.command
  const resultFile = join(options.scratch, 'vitest.json')
  if (program === 'vitest') {
    args.push('--reporter=default', '--reporter=json', `--outputFile.json=${resultFile}`)
  }
  const end = await execute(program!, args, step.minutesMax, options)
  const seconds = (performance.now() - started) / 1000
  const counts = program === 'vitest' ? countTests(resultFile) : { passed: 0, failed: 0 }
  const base = { name: step.name, seconds }
  if (end === 'ok') {
    return {
      ...base,
      ...(program === 'vitest' ? counts : { passed: 1, failed: 0 }),
      problem: undefined,
    }
  }
  // A run that broke before or after its tests has failed even when every test it counted passed.
  const failures = program === 'vitest' ? failuresOf(resultFile) : []
  const failed = Math.max(1, counts.failed)
  return { ...base, passed: counts.passed, failed, problem: end, failures }
}

function execute(
  program: string,
  args: readonly string[],
  minutesMax: number,
  options: RunOptions,
): Promise<string> {
  const bin = join(options.root, 'node_modules', '.bin')
  const child = spawn(program, args, {
    cwd: options.root,
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}`, ...options.env },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return new Promise((resolve) => {
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill('SIGTERM')
    }, minutesMax * 60_000)
    child.once('error', (error) => {
      clearTimeout(timer)
      resolve(`${program} could not be started: ${error.message}`)
    })
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      if (late) resolve(`ended after ${minutesMax} minutes`)
      else if (code === 0) resolve('ok')
      else resolve(`${program} ended with ${signal ?? `exit code ${code}`}`)
    })
  })
}

interface VitestResult {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message?: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages?: readonly string[]
    }[]
  }[]
}

/** Counts of a vitest JSON report; a file that could not be loaded is one failure. */
export function countTests(resultFile: string): Totals {
  const report = readReport(resultFile)
  if (report === undefined) return { passed: 0, failed: 1 }
  let passed = 0
  let failed = 0
  for (const file of report.testResults) {
    const failures = file.assertionResults.filter((each) => each.status === 'failed').length
    passed += file.assertionResults.filter((each) => each.status === 'passed').length
    failed += file.status === 'failed' ? Math.max(1, failures) : failures
  }
  return { passed, failed }
}

/** A failure's message is cut off here. */
const MESSAGE_CHARS_MAX = 4_000

/** The tests that failed in a vitest JSON report, and the files that could not be loaded. */
export function failuresOf(resultFile: string): readonly Failure[] {
  const files = readReport(resultFile)?.testResults ?? []
  return files.flatMap(({ name, status, message = '', assertionResults }) => {
    const failed = assertionResults.filter((each) => each.status === 'failed')
    if (failed.length === 0 && status === 'failed') return [{ test: name, message: cut(message) }]
    return failed.map(({ fullName, failureMessages = [] }) => ({
      test: `${name} > ${fullName}`,
      message: cut(failureMessages.join('\n')),
    }))
  })
}

function cut(text: string): string {
  return text.length > MESSAGE_CHARS_MAX ? `${text.slice(0, MESSAGE_CHARS_MAX)}…` : text
}

/** Undefined where the run ended before it wrote one. */
function readReport(resultFile: string): VitestResult | undefined {
  try {
    return JSON.parse(readFileSync(resultFile, 'utf8')) as VitestResult
  } catch {
    return undefined
  }
}
