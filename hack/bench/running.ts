import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'

const LOOK_MS = 10
const STOP_MS_MAX = 60_000

const all = new Set<Running>()

/** Ends whatever a benchmark left running. */
export async function endAll(): Promise<void> {
  await Promise.all([...all].map((each) => each.kill()))
}

export interface StartOptions {
  /** What it prints goes here, from the start of the file. */
  readonly logFile: string
  readonly env?: NodeJS.ProcessEnv
  /** A command to run it under, such as strace. */
  readonly under?: readonly string[] | undefined
}

/** A program under measurement. */
export class Running {
  /** performance.now() just before it was started. */
  readonly startedAtMs: number
  readonly logFile: string
  readonly exited: Promise<number | string>
  readonly #child: ChildProcess
  readonly #wrapped: boolean
  #over: number | string | undefined

  constructor(program: string, args: readonly string[], options: StartOptions) {
    const [first, ...rest] = [...(options.under ?? []), program, ...args]
    const log = openSync(options.logFile, 'w')
    this.logFile = options.logFile
    this.#wrapped = options.under !== undefined
    this.startedAtMs = performance.now()
    this.#child = spawn(first!, rest, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...options.env },
    })
    closeSync(log)
    all.add(this)
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('exit', (code, signal) => {
        all.delete(this)
        resolve((this.#over = code ?? signal ?? 'unknown'))
      })
    })
  }

  /** Of the program itself, also when it runs under another. */
  get pid(): number {
    const pid = this.#child.pid!
    if (!this.#wrapped) return pid
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
    return Number(children.split(' ')[0])
  }

  get log(): string {
    return readFileSync(this.logFile, 'utf8')
  }

  /** Looks until `look` gives something; fails when it never does or the program ends. */
  async until<Found>(
    what: string,
    look: () => Found | undefined,
    times: { readonly secondsMax: number; readonly lookMs?: number },
  ): Promise<Found> {
    const deadlineMs = performance.now() + 1000 * times.secondsMax
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      if (this.#over !== undefined) throw this.#failed(`ended (${this.#over}) before ${what}`)
      if (performance.now() > deadlineMs) {
        throw this.#failed(`${what} did not happen within ${times.secondsMax} s`)
      }
      await pause(times.lookMs ?? LOOK_MS)
    }
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.end('SIGTERM')
    // A JVM says 143 when SIGTERM ended it in order.
    if (this.#over !== 0 && this.#over !== 143) throw this.#failed(`ended with ${this.#over}`)
  }

  kill(): Promise<void> {
    return this.end('SIGKILL')
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.#over !== undefined) return
    process.kill(this.pid, signal)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX)
    await this.exited
    clearTimeout(timer)
  }

  #failed(what: string): Error {
    const tail = this.log.split('\n').slice(-15).join('\n')
    return new Error(`${this.#child.spawnargs.join(' ').slice(0, 200)}\n${what}:\n${tail}`)
  }
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
