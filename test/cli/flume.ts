import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..')
export const FLUME = join(ROOT, 'bin', 'flume')

export interface Ended {
  /** Exit code, or the name of the signal that ended it. */
  readonly code: number | NodeJS.Signals
  readonly stdout: string
  readonly stderr: string
}

export interface FlumeOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly stdin?: string
  /** What to start instead of bin/flume. */
  readonly command?: string
}

const WAIT_MS_MAX = 15_000
const LOOK_MS = 20

/** A `bin/flume …` that is running. */
export class FlumeProcess {
  readonly ended: Promise<Ended>
  #stdout = ''
  #stderr = ''
  #over = false
  readonly #child: ChildProcess

  constructor(args: readonly string[], options: FlumeOptions = {}) {
    this.#child = spawn(options.command ?? FLUME, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...options.env },
    })
    const { stdin, stdout, stderr } = this.#child
    stdin!.end(options.stdin ?? '')
    stdout!.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    stderr!.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, signal) => {
        this.#over = true
        resolve({ code: code ?? signal!, stdout: this.#stdout, stderr: this.#stderr })
      })
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  get stderr(): string {
    return this.#stderr
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits until stderr matches, and gives the match. */
  async logged(pattern: RegExp): Promise<RegExpExecArray> {
    return until(`stderr to match ${pattern}`, () => {
      const match = pattern.exec(this.#stderr)
      if (match === null && this.#over) throw new Error(`ended before ${pattern}:\n${this.#stderr}`)
      return match ?? undefined
    })
  }

  /** The log lines so far. */
  lines(): Record<string, unknown>[] {
    return this.#stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** Asks the admin server, whose address is in the log. */
  async ask(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const [, address] = await this.logged(/"admin":"([^"]+)"/)
    const response = await fetch(`http://${address}${path}`)
    return { status: response.status, body: await response.text() }
  }
}

/** Runs `bin/flume` to its end. */
export function flume(args: readonly string[], options?: FlumeOptions): Promise<Ended> {
  return new FlumeProcess(args, options).ended
}

/** Looks until `look` gives something; fails when it never does. */
export async function until<Found>(
  what: string,
  look: () => Found | undefined | Promise<Found | undefined>,
): Promise<Found> {
  const deadline = performance.now() + WAIT_MS_MAX
  while (performance.now() < deadline) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  throw new Error(`waited ${WAIT_MS_MAX} ms in vain for ${what}`)
}

/** A directory for one test, with the agents started in it; `clean` ends and removes all. */
export class Workbench {
  readonly directory = mkdtempSync(join(tmpdir(), 'flume-cli-'))
  readonly #processes: FlumeProcess[] = []

  path(...names: string[]): string {
    return join(this.directory, ...names)
  }

  read(...names: string[]): string {
    return readFileSync(this.path(...names), 'utf8')
  }

  /** `flume run` with a free admin port and the directory's `data`. */
  run(manifest: string, args: readonly string[] = [], options: FlumeOptions = {}): FlumeProcess {
    const all = ['run', '-f', manifest, '--data-dir', this.path('data'), '--admin', '127.0.0.1:0']
    return this.start([...all, ...args], options)
  }

  /** `flume …` in the directory. */
  start(args: readonly string[], options: FlumeOptions = {}): FlumeProcess {
    const started = new FlumeProcess(args, { cwd: this.directory, ...options })
    this.#processes.push(started)
    return started
  }

  async clean(): Promise<void> {
    for (const each of this.#processes) each.kill('SIGKILL')
    await Promise.all(this.#processes.map((each) => each.ended))
    rmSync(this.directory, { recursive: true, force: true })
  }
}
