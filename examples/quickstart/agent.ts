import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

const KILL_AFTER_MS = 10_000

/** A running `bin/flume run`. Its output goes to a file. */
export class Agent {
  readonly #process: ChildProcess
  readonly ended: Promise<void>
  /** How it ended: exit code or signal; undefined while it runs. */
  ending: number | string | undefined

  constructor(program: string, args: readonly string[], options: { cwd: string; logFile: string }) {
    const log = openSync(options.logFile, 'a')
    // A process group of its own: Ctrl-C in the terminal is for us, and we stop the agent in order.
    this.#process = spawn(program, args, {
      cwd: options.cwd,
      stdio: ['ignore', log, log],
      detached: true,
    })
    closeSync(log)
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        this.ending = error.message
        resolve()
      })
      this.#process.once('exit', (code, signal) => {
        this.ending = code ?? signal!
        resolve()
      })
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** SIGKILL: what the kernel does to a process that uses too much memory. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.ended
  }

  /** SIGTERM, and SIGKILL when that takes too long. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM')
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), KILL_AFTER_MS)
    await this.ended
    clearTimeout(timer)
  }
}
