import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..')
const FLUME = join(ROOT, 'bin', 'flume')
const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node')

/** Killed processes leave no compiled code behind; those that end in order leave it for all. */
const COMPILE_CACHE = join(tmpdir(), `flume-compile-${process.getuid!()}`)

/** How a process ended: an exit code, or the name of a signal. */
export type Ending = number | NodeJS.Signals

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A child process with its output in a file; it never outlives this process. */
export class Child {
  readonly #process: ChildProcess
  readonly #logFile: string
  readonly ended: Promise<Ending>
  /** undefined while the process runs. */
  ending: Ending | undefined

  constructor(command: string, args: readonly string[], logFile: string, cwd = ROOT) {
    this.#logFile = logFile
    const log = openSync(logFile, 'a')
    this.#process = spawn(command, args, {
      cwd,
      env: { ...process.env, UV_THREADPOOL_SIZE: '64', NODE_COMPILE_CACHE: COMPILE_CACHE },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    running.add(this.#process)
    this.ended = new Promise((resolve, reject) => {
      this.#process.once('error', reject)
      this.#process.once('exit', (code, signal) => {
        running.delete(this.#process)
        this.ending = code ?? signal!
        resolve(this.ending)
      })
    })
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Everything the process wrote, to say why it failed. */
  log(): string {
    return readFileSync(this.#logFile, 'utf8')
  }
}

/** `bin/flume …`, the agent as users run it. */
export function flume(args: readonly string[], logFile: string, cwd = ROOT): Child {
  return new Child(FLUME, args, logFile, cwd)
}

/** A module of this project with the flags of the launcher. */
export function script(path: string, args: readonly string[], logFile: string): Child {
  const flags = [
    '--enable-experimental-regexp-engine-on-excessive-backtracks',
    '--disable-warning=ExperimentalWarning',
  ]
  return new Child(NODE, [...flags, join(ROOT, path), ...args], logFile)
}

/** Processes of this machine whose working directory is `directory`. Linux only. */
export function processesIn(directory: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`) === directory
    } catch {
      return false
    }
  })
}

/** Ends a promise's wait after `timeoutMs` with undefined. */
export async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Polls until `check` gives a value; fails with what `describe` says after `timeoutMs`. */
export async function until<T>(
  check: () => T | undefined | Promise<T | undefined>,
  timeoutMs: number,
  describe: () => string,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await check()
    if (value !== undefined) return value
    if (performance.now() > deadline) throw new Error(`${timeoutMs / 1000} s passed: ${describe()}`)
    await new Promise((resolve) => {
      setTimeout(resolve, 25)
    })
  }
}
