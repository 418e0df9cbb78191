import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AccessLog } from './access-log.ts'
import { Deliveries } from './deliveries.ts'
import { freezeHub, killEdge, killHub } from './faults.ts'
import type { Stage } from './faults.ts'
import { compare } from './lines.ts'
import { manifestFolder } from './manifests.ts'
import { isPassed, report } from './report.ts'
import { grouped, seconds } from './screen.ts'
import type { Screen } from './screen.ts'
import { Up } from './up.ts'
import { Watch } from './watch.ts'

const LINES_PER_SECOND = 2500
const ROTATE_EVERY_MS = 4000
const FAULTS = 3
const LOOK_MS = 20
const SHOW_EVERY_MS = 200
const START_MS_MAX = 30_000
const DRAIN_MS_MAX = 30_000
const AGENTS = ['edge-0', 'hub-0', 'hub-1']

export interface StoryOptions {
  /** Of the project. */
  readonly root: string
  /** With empty folders `logs` and `out`. */
  readonly folder: string
  readonly screen: Screen
  /** Before, between and after the faults. */
  readonly quietMs: number
  readonly signal: AbortSignal
}

/** What the example does, act by act. */
export class Story {
  readonly #options: StoryOptions
  readonly #screen: Screen
  readonly #log: AccessLog
  readonly #deliveries: Deliveries
  readonly #watch: Watch
  readonly #startedMs = performance.now()
  #up: Up | undefined
  #watching: Promise<void> | undefined
  #shownMs = 0

  constructor(options: StoryOptions) {
    this.#options = options
    this.#screen = options.screen
    this.#log = new AccessLog(join(options.folder, 'logs'))
    this.#deliveries = new Deliveries(join(options.folder, 'out'))
    const addresses = (): ReadonlyMap<string, string> =>
      new Map([...(this.#up?.replicas ?? [])].map(([name, { admin }]) => [name, admin]))
    this.#watch = new Watch({ addresses, edge: 'edge-0' })
  }

  /** Whether all promises were kept. Rejects when an agent misbehaves or on interruption. */
  async run(): Promise<boolean> {
    const { folder } = this.#options
    const stage = await this.#begin()
    await this.#quiet()
    const killed = await killHub(stage)
    await this.#quiet()
    const frozen = await freezeHub(stage)
    await this.#quiet()
    const edgeRecoveryMs = await killEdge(stage)
    await this.#quiet()
    // By the configuration that runs.
    const linesInFlightMax = this.#watch.maxInFlight ?? 0
    await this.#finish(stage.up)
    const outcome = {
      lines: compare(join(folder, 'logs'), join(folder, 'out')),
      faults: FAULTS,
      linesInFlightMax,
      killed,
      frozen,
      edgeRecoveryMs,
      leftProcesses: stage.up.leftProcesses(),
    }
    report(this.#screen, outcome, folder)
    return isPassed(outcome)
  }

  /** Stops everything; nothing stays behind. */
  async end(): Promise<void> {
    this.#log.stop()
    this.#watch.stop()
    if (this.#up !== undefined && this.#up.ending === undefined) await this.#up.stop()
    await this.#watching
  }

  async #begin(): Promise<Stage> {
    const { root, folder } = this.#options
    this.#tell(
      `A web server writes ${grouped(LINES_PER_SECOND)} lines a second and rotates its log.`,
    )
    this.#log.start(LINES_PER_SECOND, ROTATE_EVERY_MS)
    const args = ['-f', await manifestFolder(folder), '--data-dir', 'data']
    const logFile = join(folder, 'up.log')
    const up = new Up(join(root, 'bin', 'flume'), args, { cwd: folder, logFile })
    this.#up = up
    this.#tell('flume up starts an edge, which follows the log, and two hubs, which write files.')
    this.#watching = this.#watch.run()
    const stage: Stage = {
      up,
      watch: this.#watch,
      screen: this.#screen,
      tell: (text) => this.#tell(text),
      pause: (ms) => this.#pause(ms),
      until: (what, holds, msMax) => this.#until(what, holds, msMax),
    }
    const working = (): boolean =>
      AGENTS.every((name) => this.#watch.answers(name) && up.replicas.get(name)?.pid) &&
      this.#watch.hubs().length > 0 &&
      this.#watch.hubs().every((hub) => hub.eventsTotal > 0)
    await this.#until('the agents did not begin to work', working, START_MS_MAX)
    const pids = AGENTS.map((name) => `${name} ${up.replicas.get(name)!.pid}`).join(', ')
    this.#tell(`All work; the processes are ${pids}.`)
    return stage
  }

  async #finish(up: Up): Promise<void> {
    this.#log.stop()
    this.#tell(
      `The web server stops after ${grouped(this.#log.lines)} lines and ${this.#log.rotations} rotations.`,
    )
    // What arrives twice has to have arrived too, to be counted.
    const done = (): boolean => this.#deliveries.lines >= this.#log.lines && this.#watch.drained
    const deadlineMs = this.#elapsedMs() + DRAIN_MS_MAX
    while (!done() && this.#elapsedMs() < deadlineMs) await this.#step()
    this.#watch.stop()
    await up.stop()
    if (up.ending !== 0) throw new Error(`flume up ended with ${up.ending}`)
    this.#tell(
      'All agents are stopped. Every line that came out is compared with those that went in.',
    )
  }

  #quiet(): Promise<void> {
    return this.#pause(this.#options.quietMs)
  }

  async #pause(ms: number): Promise<void> {
    const endMs = this.#elapsedMs() + ms
    while (this.#elapsedMs() < endMs) await this.#step()
  }

  async #until(what: string, holds: () => boolean, msMax: number): Promise<void> {
    const deadlineMs = this.#elapsedMs() + msMax
    while (!holds()) {
      if (this.#elapsedMs() > deadlineMs) throw new Error(`${what} within ${seconds(msMax)}`)
      await this.#step()
    }
  }

  async #step(): Promise<void> {
    const ending = this.#up?.ending
    if (ending !== undefined) throw new Error(`flume up ended by itself: ${ending}`)
    if (this.#elapsedMs() - this.#shownMs >= SHOW_EVERY_MS) this.#show()
    await sleep(LOOK_MS, undefined, { signal: this.#options.signal })
  }

  #show(): void {
    this.#shownMs = this.#elapsedMs()
    this.#deliveries.look()
    const written = this.#log.lines
    const delivered = this.#deliveries.lines
    const waitedMs = this.#log.ageOfNextMs(this.#deliveries.firstMissing)
    const agents = AGENTS.map((name) =>
      this.#watch.answers(name) ? this.#screen.good(`${name} ok`) : this.#screen.bad(`${name} --`),
    )
    const parts = [
      `written ${grouped(written).padStart(7)}`,
      `delivered ${grouped(delivered).padStart(7)}`,
      `waiting ${grouped(written - delivered).padStart(6)}`,
      `oldest ${seconds(waitedMs).padStart(6)}`,
      ...agents,
    ]
    this.#screen.status(`${this.#clock()}  ${parts.join('  ')}`, this.#elapsedMs())
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
}
