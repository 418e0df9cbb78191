import { spawn } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { until } from './until.ts'

/**
 * Processes that outlive whoever started them, known by a file that holds pid and start time: a pid
 * that was given to another process meanwhile is never taken for ours.
 */

const END_SECONDS_MAX = 20
const LOG_LINES = 15

export interface DaemonSpec {
  readonly name: string
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]]
  /** Where it runs; its log is `log/<name>.log` there, its pid file `run/<name>.pid`. */
  readonly directory: string
  readonly env?: NodeJS.ProcessEnv
}

export class Daemon {
  readonly name: string
  readonly #spec: DaemonSpec

  constructor(spec: DaemonSpec) {
    this.name = spec.name
    this.#spec = spec
  }

  /** Starts it, unless it runs. */
  start(): void {
    if (this.isAlive()) return
    const { command, directory, env } = this.#spec
    for (const file of [this.#pidFile, this.#logFile]) mkdirSync(dirname(file), { recursive: true })
    const log = openSync(this.#logFile, 'a')
    const [program, ...args] = command
    const child = spawn(program, args, {
      cwd: directory,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    // One that could not be started has no pid; it is found dead by whoever waits for it.
    child.once('error', () => {})
    child.unref()
    if (child.pid !== undefined) this.adopt(child.pid)
  }

  /** From now on it is the process with this id. */
  adopt(pid: number): void {
    writeFileSync(this.#pidFile, `${pid} ${startTime(pid) ?? ''}`)
  }

  /** undefined: it does not run. */
  get pid(): number | undefined {
    return livingPid(this.#pidFile)
  }

  isAlive(): boolean {
    return this.pid !== undefined
  }

  /**
   * Waits until `look` gives something; fails at once when the process has ended, with the end of its
   * log.
   */
  async until<Found>(
    what: string,
    secondsMax: number,
    look: () => Promise<Found>,
  ): Promise<NonNullable<Found>> {
    try {
      return await until(what, secondsMax, async () => {
        const found = await look()
        if (!found && !this.isAlive()) throw new Error(`${this.name} has ended`)
        return found
      })
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw new Error(`${message}\n${this.logTail()}`, { cause: error })
    }
  }

  /** Ends it by SIGKILL and waits until it is gone. True: there was something to end. */
  async kill(): Promise<boolean> {
    const { pid } = this
    if (pid !== undefined) {
      process.kill(pid, 'SIGKILL')
      await until(`the end of ${this.name}`, END_SECONDS_MAX, () => !this.isAlive())
    }
    rmSync(this.#pidFile, { force: true })
    return pid !== undefined
  }

  logTail(): string {
    try {
      return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-LOG_LINES).join('\n')
    } catch {
      return `${this.#logFile} is not there`
    }
  }

  get #pidFile(): string {
    return join(this.#spec.directory, 'run', `${this.name}.pid`)
  }

  get #logFile(): string {
    return join(this.#spec.directory, 'log', `${this.name}.log`)
  }
}

/** The process of a pid file, if it is still the one that the file was written for. */
export function livingPid(pidFile: string): number | undefined {
  let text
  try {
    text = readFileSync(pidFile, 'utf8')
  } catch {
    return undefined
  }
  const [pid, started] = text.split(' ')
  return started && startTime(Number(pid)) === started ? Number(pid) : undefined
}

/** In ticks since the machine started; undefined: there is no such process, or it has only to be reaped. */
export function startTime(pid: number): string | undefined {
  try {
    const { state, started } = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    if (state !== 'Z' && state !== 'X') return started
    // The first thread is dead; the others may still hold files and ports.
    return readdirSync(`/proc/${pid}/task`).length > 1 ? started : undefined
  } catch {
    return undefined
  }
}

/** The name of the program may contain blanks and parentheses; fields are counted behind it. */
export function parseStat(stat: string): { readonly state: string; readonly started: string } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0]!, started: fields[19]! }
}
