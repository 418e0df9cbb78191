import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ReplicaRow } from '../../agent/cli/up/rows.ts'
import { flume, processesIn, until, within } from './child.ts'
import type { Child, Ending } from './child.ts'

const WAIT_MS_MAX = 30_000
const STOP_MS_MAX = 40_000

/** `bin/flume up` on the manifests of a directory, which is also where it runs. */
export class RunningUp {
  readonly #directory: string
  readonly #child: Child

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(join(directory, 'manifests'), { recursive: true })
    const args = ['up', '-f', 'manifests', '--data-dir', 'data', '--output', 'json']
    this.#child = flume(args, join(directory, `up-${starts++}.log`), directory)
  }

  get ended(): Promise<Ending> {
    return this.#child.ended
  }

  /** What it said, without the rows. */
  messages(): string[] {
    const lines = this.#child.log().split('\n')
    return lines.filter((line) => line !== '' && !line.startsWith('{"at"'))
  }

  /** The newest rows. */
  rows(): readonly ReplicaRow[] {
    // The last line may not be complete yet.
    const lines = this.#child.log().split('\n').slice(0, -1)
    const last = lines.findLast((line) => line.startsWith('{"at"'))
    return last === undefined ? [] : (JSON.parse(last) as { replicas: ReplicaRow[] }).replicas
  }

  row(replica: string): ReplicaRow {
    return this.rows().find((row) => row.replica === replica)!
  }

  async untilRows(what: string, holds: (rows: readonly ReplicaRow[]) => boolean): Promise<void> {
    await this.until(what, () => (holds(this.rows()) ? true : undefined))
  }

  async untilMessage(text: string): Promise<void> {
    await this.until(`the message ${text}`, () =>
      this.messages().some((each) => each.includes(text)) ? true : undefined,
    )
  }

  async untilRunning(...replicas: readonly string[]): Promise<void> {
    await this.untilRows(`${replicas.join(', ')} running`, (rows) => {
      const running = rows.filter(({ state }) => state === 'running').map((row) => row.replica)
      return running.join() === replicas.join() && rows.length === replicas.length
    })
  }

  until<Found>(what: string, look: () => Found | undefined): Promise<Found> {
    return until(look, WAIT_MS_MAX, () => `not ${what}\n${this.#child.log().slice(-6000)}`)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Sends the signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    this.kill(signal)
    const ending = await within(this.ended, STOP_MS_MAX)
    if (ending === undefined) throw new Error(`up did not stop\n${this.#child.log()}`)
    return ending
  }

  /** Processes that run in the directory: this one and all that it started. */
  processes(): number {
    return processesIn(this.#directory).length
  }
}
let starts = 0

/** The lines of all files of a directory. */
export function linesIn(directory: string): string[] {
  try {
    return readdirSync(directory).flatMap((name) =>
      readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1),
    )
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return []
    throw error
  }
}
