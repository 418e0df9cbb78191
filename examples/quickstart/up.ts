import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { createInterface } from 'node:readline'

const KILL_AFTER_MS = 40_000

/** What is used of a replica in the JSON lines of `flume up`. */
export interface Replica {
  readonly replica: string
  /** Missing while no process runs. */
  readonly pid?: number
  /** `HOST:PORT` of its admin server. */
  readonly admin: string
}

/** A running `bin/flume up --output json`. Its messages go to a file. */
export class Up {
  readonly #process: ChildProcess
  #replicas: ReadonlyMap<string, Replica> = new Map()
  /** All processes there ever were, as far as they were shown. */
  readonly #pids = new Set<number>()
  readonly ended: Promise<void>
  /** How it ended: exit code or signal; undefined while it runs. */
  ending: number | string | undefined

  constructor(program: string, args: readonly string[], options: { cwd: string; logFile: string }) {
    const log = openSync(options.logFile, 'a')
    // A process group of its own: Ctrl-C in the terminal is for us, and we stop it in order. When this
    // process ends in any other way, its standard output closes, and it stops by itself.
    this.#process = spawn(program, ['up', ...args, '--output', 'json'], {
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', log],
      detached: true,
    })
    closeSync(log)
    createInterface({ input: this.#process.stdout! }).on('line', (line) => this.#take(line))
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

  /** As shown last; a line comes each second. */
  get replicas(): ReadonlyMap<string, Replica> {
    return this.#replicas
  }

  /** Sends a signal to the process of one replica and gives its id. */
  signal(replica: string, signal: NodeJS.Signals): number {
    const pid = this.#replicas.get(replica)?.pid
    if (pid === undefined) throw new Error(`${replica} does not run`)
    process.kill(pid, signal)
    return pid
  }

  /** SIGTERM, and SIGKILL when that takes too long. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM')
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), KILL_AFTER_MS)
    await this.ended
    clearTimeout(timer)
  }

  /** Of all processes that were started, those that still run. */
  leftProcesses(): number[] {
    return [this.#process.pid!, ...this.#pids].filter(runs)
  }

  #take(line: string): void {
    const { replicas } = JSON.parse(line) as { replicas: Replica[] }
    this.#replicas = new Map(replicas.map((each) => [each.replica, each]))
    for (const { pid } of replicas) if (pid !== undefined) this.#pids.add(pid)
  }
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
