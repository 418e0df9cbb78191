import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AccessLog } from './access-log.ts'
import { Agent } from './agent.ts'
import { compare, countBytes, countLines } from './lines.ts'
import type { Comparison } from './lines.ts'
import { grouped, seconds } from './screen.ts'
import type { Screen } from './screen.ts'

const LINES_PER_SECOND = 2500
const ROTATE_EVERY_MS = 3000
const DOWN_MS = 2000
const LOOK_EVERY_MS = 200
const RECOVER_MS_MAX = 15_000
const DRAIN_MS_MAX = 20_000

export interface StoryOptions {
  /** Of the project. */
  readonly root: string
  /** With empty folders `logs` and `out`. */
  readonly folder: string
  readonly screen: Screen
  readonly writeMs: number
  readonly signal: AbortSignal
}

/** What the example does, act by act. */
export class Story {
  readonly #options: StoryOptions
  readonly #screen: Screen
  readonly #logs: string
  readonly #out: string
  readonly #log: AccessLog
  readonly #startedMs = performance.now()
  #agent: Agent | undefined

  constructor(options: StoryOptions) {
    this.#options = options
    this.#screen = options.screen
    this.#logs = join(options.folder, 'logs')
    this.#out = join(options.folder, 'out')
    this.#log = new AccessLog(this.#logs)
  }

  /** Whether every line arrived once. Rejects when the agent misbehaves or on interruption. */
  async run(): Promise<boolean> {
    const { writeMs } = this.#options
    this.#tell(
      `A web server writes ${grouped(LINES_PER_SECOND)} lines a second and rotates its log.`,
    )
    this.#log.start(LINES_PER_SECOND, ROTATE_EVERY_MS)
    this.#agent = this.#startAgent()
    this.#tell(`The agent, process ${this.#agent.pid}, ships them: tail → durable channel → files.`)
    await this.#watchUntil(writeMs / 2)

    await this.#agent.kill()
    this.#agent = undefined
    this.#tell(`${this.#screen.bad('kill -9')}: the agent is dead. The web server goes on.`)
    await this.#watchUntil(this.#elapsedMs() + DOWN_MS)

    const recoveryMs = await this.#recover()
    await this.#watchUntil(writeMs)

    this.#log.stop()
    this.#tell(
      `The web server stops after ${grouped(this.#log.lines)} lines and ${this.#log.rotations} rotations.`,
    )
    await this.#drain()
    await this.#stopAgent()
    return this.#report(compare(this.#logs, this.#out), recoveryMs)
  }

  /** Stops everything; nothing stays behind. */
  async end(): Promise<void> {
    this.#log.stop()
    if (this.#agent !== undefined && this.#agent.ending === undefined) await this.#agent.stop()
  }

  #startAgent(): Agent {
    const { root, folder } = this.#options
    const manifest = join(root, 'examples', 'quickstart', 'flow.yaml')
    const args = ['run', '-f', manifest, '--data-dir', 'data', '--admin', '127.0.0.1:0']
    const logFile = join(folder, 'agent.log')
    return new Agent(join(root, 'bin', 'flume'), args, { cwd: folder, logFile })
  }

  async #stopAgent(): Promise<void> {
    const agent = this.#agent!
    await agent.stop()
    if (agent.ending !== 0) throw new Error(`the agent ended with ${agent.ending}`)
  }

  /** Starts the agent again and waits for its first event; how long that took. */
  async #recover(): Promise<number> {
    const startedMs = performance.now()
    this.#agent = this.#startAgent()
    // What was written and not acknowledged is cut off first, so the size may shrink before it grows.
    let least = countBytes(this.#out)
    for (let bytes = least; bytes <= least; bytes = countBytes(this.#out)) {
      least = bytes
      this.#mustRun()
      if (performance.now() - startedMs > RECOVER_MS_MAX)
        throw new Error('no event after the restart')
      await this.#pause(10)
    }
    const recoveryMs = performance.now() - startedMs
    this.#tell(
      `The agent is back, process ${this.#agent.pid}: first event after ${seconds(recoveryMs)}.`,
    )
    return recoveryMs
  }

  async #drain(): Promise<void> {
    const deadline = this.#elapsedMs() + DRAIN_MS_MAX
    while (countLines(this.#out) < this.#log.lines && this.#elapsedMs() < deadline) {
      this.#mustRun()
      this.#showStatus()
      await this.#pause(LOOK_EVERY_MS)
    }
    this.#showStatus()
  }

  async #watchUntil(elapsedMs: number): Promise<void> {
    while (this.#elapsedMs() < elapsedMs) {
      this.#mustRun()
      this.#showStatus()
      await this.#pause(LOOK_EVERY_MS)
    }
  }

  #showStatus(): void {
    const written = this.#log.lines
    const delivered = countLines(this.#out)
    const numbers = [
      `written ${grouped(written).padStart(7)}`,
      `delivered ${grouped(delivered).padStart(7)}`,
      `waiting ${grouped(Math.max(0, written - delivered)).padStart(6)}`,
      `oldest ${seconds(this.#log.ageOfNextMs(delivered)).padStart(6)}`,
    ]
    this.#screen.status(`${this.#clock()}  ${numbers.join('   ')}`, this.#elapsedMs())
  }

  #mustRun(): void {
    const ending = this.#agent?.ending
    if (ending !== undefined) throw new Error(`the agent ended by itself: ${ending}`)
  }

  #report(result: Comparison, recoveryMs: number): boolean {
    const screen = this.#screen
    const passed = result.lost + result.duplicates + result.strangers === 0
    const verdict = (count: number): string =>
      count === 0 ? screen.good('0'.padStart(8)) : screen.bad(grouped(count).padStart(8))
    screen.line()
    screen.line(`  written     ${grouped(result.written).padStart(8)}`)
    screen.line(`  delivered   ${grouped(result.delivered).padStart(8)}`)
    screen.line(`  lost        ${verdict(result.lost)}`)
    screen.line(`  duplicates  ${verdict(result.duplicates)}`)
    if (result.strangers > 0) screen.line(`  torn        ${verdict(result.strangers)}`)
    screen.line(
      `  recovery    ${seconds(recoveryMs).padStart(8)}   from the start of the process to its first event`,
    )
    screen.line()
    if (passed) this.#suggest()
    else screen.line(screen.bad('  Lines were lost or repeated: this is a bug, please report it.'))
    return passed
  }

  #suggest(): void {
    const folder = relative(process.cwd(), this.#options.folder) || '.'
    const commands = [
      [`ls ${folder}/logs ${folder}/out`, 'what went in, what came out'],
      [
        `bin/flume channel verify ${folder}/data/quickstart-0/quickstart/disk`,
        'the channel on disk',
      ],
      ['cat examples/quickstart/flow.yaml', 'the manifest; change it and run it on your own log:'],
      ['bin/flume run -f my-flow.yaml', 'ships until Ctrl-C; bin/flume status beside it'],
    ]
    this.#screen.line(this.#screen.bold('  Look and try:'))
    const width = Math.max(...commands.map(([command]) => command!.length))
    for (const [command, what] of commands) {
      this.#screen.line(`  ${command!.padEnd(width)}  ${this.#screen.dim(what!)}`)
    }
  }

  #tell(text: string): void {
    this.#screen.line(`${this.#clock()}  ${text}`)
  }

  #clock(): string {
    return this.#screen.dim(`${(this.#elapsedMs() / 1000).toFixed(1).padStart(5)} s`)
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedMs
  }

  #pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#options.signal })
  }
}
