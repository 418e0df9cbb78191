import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentStatus } from '../../agent/core/status.ts'
import { flume, until, within } from './child.ts'
import type { Child, Ending } from './child.ts'

const START_MS_MAX = 20_000
const STOP_MS_MAX = 30_000

/** `bin/flume run` with its admin server, in a directory of its own. */
export class RunningAgent {
  readonly #child: Child
  readonly #address: string

  private constructor(child: Child, address: string) {
    this.#child = child
    this.#address = address
  }

  /**
   * Starts an agent, `from` options that say what it runs, and waits until its admin server answers. Logs
   * go to `directory`/agent.log.
   */
  static async start(
    from: readonly string[],
    directory: string,
    dataDir: string,
  ): Promise<RunningAgent> {
    const logFile = join(directory, 'agent.log')
    const before = sizeOf(logFile)
    const args = ['run', ...from, '--data-dir', dataDir, '--admin', '127.0.0.1:0']
    const child = flume(args, logFile)
    const address = await until(
      () => {
        if (child.ending !== undefined)
          throw new Error(`the agent ended: ${child.ending}\n${child.log()}`)
        return /(127\.0\.0\.1:[1-9]\d*)/.exec(child.log().slice(before))?.[1]
      },
      START_MS_MAX,
      () => `the agent did not print its address\n${child.log()}`,
    )
    return new RunningAgent(child, address)
  }

  async status(): Promise<AgentStatus> {
    const response = await fetch(`http://${this.#address}/status`)
    return (await response.json()) as AgentStatus
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://${this.#address}/metrics`)).text()
  }

  /** Waits until `holds` is true of the status; fails with the last one and the log. */
  async untilStatus(
    what: string,
    holds: (status: AgentStatus) => boolean,
    timeoutMs = 30_000,
  ): Promise<AgentStatus> {
    let last: AgentStatus | undefined
    return until(
      async () => {
        if (this.#child.ending !== undefined)
          throw new Error(`the agent ended\n${this.#child.log()}`)
        last = await this.status()
        // Flows come with the configuration, a moment after the server.
        return last.flows.length > 0 && holds(last) ? last : undefined
      },
      timeoutMs,
      () => `not ${what}\n${JSON.stringify(last, null, 2)}\n${this.#child.log().slice(-4000)}`,
    )
  }

  /** Everything it logged, this start and those before in the same directory. */
  log(): string {
    return this.#child.log()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#child.ended
  }

  /** SIGTERM; how it ended. */
  async stop(): Promise<Ending> {
    this.#child.kill('SIGTERM')
    const ending = await within(this.#child.ended, STOP_MS_MAX)
    if (ending === undefined) throw new Error(`the agent did not stop\n${this.#child.log()}`)
    return ending
  }
}

/** Runs `bin/flume` to its end. */
export async function runFlume(
  args: readonly string[],
  directory: string,
): Promise<{ readonly ending: Ending; readonly output: string }> {
  mkdirSync(directory, { recursive: true })
  const child = flume(args, join(directory, `${args.slice(0, 2).join('-')}-${runs++}.log`))
  return { ending: await child.ended, output: child.log() }
}
let runs = 0

/** Directories of file channels below `dataDir`. */
export function channelDirectories(dataDir: string): string[] {
  const entries = readdirSync(dataDir, { recursive: true, withFileTypes: true })
  const segments = entries.filter((entry) => entry.name.endsWith('.seg'))
  return [...new Set(segments.map((entry) => entry.parentPath))]
}

function sizeOf(file: string): number {
  try {
    return readFileSync(file, 'utf8').length
  } catch {
    return 0
  }
}
