import { backoffMs } from '../lib/backoff.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Report } from './events.ts'
import type { ChildHandle, Ending, LaunchFunction } from './launch.ts'

/** Delay before a process that ended is started again. */
const BACKOFF = { minMs: 250, maxMs: 30_000 }
/** Of a process that ran for so long, the end is counted as a first one. */
const STEADY_MS = 60_000
/** The exit code of mistakes in the configuration or the command line. */
const EXIT_USAGE = 2

/** What to run: one process of one agent. */
export interface ReplicaSpec {
  /** `hub-1`: agent and ordinal, the name of its directory. */
  readonly name: string
  readonly agent: string
  readonly ordinal: number
  /** Of `bin/flume`. Where they change, the process is started anew. */
  readonly args: readonly string[]
  /** The manifests of the agent, as the process reads them from `manifestFile`. */
  readonly manifest: string
  readonly manifestFile: string
  readonly directory: string
  readonly logFile: string
  /** `HOST:PORT` of its admin server. */
  readonly admin: string
  /** What its /status calls the configuration once it is applied. */
  readonly configuration: string
}

/**
 * starting: the process runs and has not answered yet; waiting: it ended and is started again later;
 * refused: it ended as its configuration is wrong.
 */
export type ReplicaState = 'starting' | 'running' | 'waiting' | 'refused' | 'stopping' | 'stopped'

export interface ReplicaOptions {
  readonly launch: LaunchFunction
  readonly clock: Clock
  readonly random: Random
  readonly report: Report
  /** A process that was asked to stop and still runs after so long is killed. */
  readonly killAfterMs: number
}

/** A supervised process: started again with growing delays whenever it ends unasked. */
export class Replica {
  readonly #options: ReplicaOptions
  #spec: ReplicaSpec
  #state: ReplicaState = 'stopped'
  #child: ChildHandle | undefined
  #startedAtMs = 0
  #failures = 0
  #restarts = 0
  #retryAtMs = 0
  #timer: Timer | undefined
  #stopping: Promise<boolean> | undefined

  constructor(spec: ReplicaSpec, options: ReplicaOptions) {
    this.#spec = spec
    this.#options = options
  }

  get spec(): ReplicaSpec {
    return this.#spec
  }

  get state(): ReplicaState {
    return this.#state
  }

  /** undefined while no process runs. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** How often the process was started again after it ended unasked. */
  get restarts(): number {
    return this.#restarts
  }

  /** Until the next start of one that waits. */
  get retryInMs(): number {
    return Math.max(0, this.#retryAtMs - this.#options.clock.monotonic())
  }

  /** Starts the process now, whatever it was waiting for; `spec` is the newest. */
  start(spec = this.#spec): void {
    this.#spec = spec
    this.#failures = 0
    this.#launch()
  }

  /** The process goes on with another configuration, which it reads itself when it is told to. */
  reload(spec: ReplicaSpec): void {
    this.#spec = spec
    this.#child?.signal('SIGHUP')
  }

  /** Its admin server answers. */
  answered(): void {
    if (this.#state === 'starting') this.#state = 'running'
  }

  /** Stops the process in order. Resolves to whether it ended well, or was not there to end. */
  stop(): Promise<boolean> {
    this.#stopping ??= this.#stop().finally(() => (this.#stopping = undefined))
    return this.#stopping
  }

  kill(): void {
    this.#child?.signal('SIGKILL')
  }

  #launch(): void {
    this.#timer?.clear()
    if (this.#child !== undefined) return
    const { launch, clock, report } = this.#options
    const { args, logFile, name } = this.#spec
    this.#state = 'starting'
    this.#startedAtMs = clock.monotonic()
    const child = launch({ args, logFile })
    this.#child = child
    if (child.pid !== undefined) report({ type: 'started', replica: name, pid: child.pid })
    void child.ended.then((ending) => this.#ended(ending))
  }

  #ended(ending: Ending): void {
    this.#child = undefined
    if (this.#state === 'stopping') return
    const { clock, random, report } = this.#options
    const { name, logFile } = this.#spec
    if (ending.code === EXIT_USAGE) {
      this.#state = 'refused'
      report({ type: 'refused', replica: name, logFile })
      return
    }
    const steady = clock.monotonic() - this.#startedAtMs >= STEADY_MS
    this.#failures = steady ? 1 : this.#failures + 1
    const retryInMs = backoffMs(this.#failures, BACKOFF, random)
    this.#state = 'waiting'
    this.#retryAtMs = clock.monotonic() + retryInMs
    this.#timer = clock.schedule(() => this.#again(), retryInMs)
    report({ type: 'ended', replica: name, ending, retryInMs, logFile })
  }

  #again(): void {
    this.#restarts += 1
    this.#launch()
  }

  async #stop(): Promise<boolean> {
    const { clock, report, killAfterMs } = this.#options
    this.#timer?.clear()
    const child = this.#child
    if (child === undefined) {
      const well = this.#state === 'stopped'
      this.#state = 'stopped'
      return well
    }
    this.#state = 'stopping'
    child.signal('SIGTERM')
    const timer = clock.schedule(() => {
      report({ type: 'killed', replica: this.#spec.name, afterMs: killAfterMs })
      child.signal('SIGKILL')
    }, killAfterMs)
    const ending = await child.ended
    timer.clear()
    this.#state = 'stopped'
    // A process that the signal itself ends had not begun: an agent that runs stops in order at it.
    return ending.code === 0 || ending.reason === 'SIGTERM'
  }
}
