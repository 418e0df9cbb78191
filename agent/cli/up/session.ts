import { join } from 'node:path'
import { formatCount, formatProblem } from '../../config/problem.ts'
import { readInput } from '../../config/input.ts'
import { resolveInput } from '../../config/resolve.ts'
import { toFlumeError } from '../../core/errors.ts'
import type { AgentStatus } from '../../core/status.ts'
import { sleep } from '../../lib/clock.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import type { Probe } from '../../supervisor/free-port.ts'
import type { LaunchFunction } from '../../supervisor/launch.ts'
import { lastLines, rotateLog } from '../../supervisor/log-file.ts'
import { planPools } from '../../supervisor/pools.ts'
import type { Pool, Pools } from '../../supervisor/pools.ts'
import { PortBook } from '../../supervisor/port-book.ts'
import { Supervisor } from '../../supervisor/supervisor.ts'
import { writeAtomically } from '../../supervisor/write-file.ts'
import { EXIT } from '../output.ts'
import { formatEvent, formatPlace } from './messages.ts'
import type { Display } from './display.ts'
import { Poll } from './poll.ts'
import { rowOf } from './rows.ts'
import { signatureOf, watchFiles } from '../watch.ts'

export interface UpOptions {
  readonly files: readonly string[]
  readonly dataDir: string
  /** Where modules of custom interceptors lie. */
  readonly pluginsDirectory: string
  /** Where Secrets are files, if anywhere. */
  readonly secretsDirectory?: string | undefined
  /** Addresses of agents that are not in the input. */
  readonly addresses: ReadonlyMap<string, readonly string[]>
  /** Options of `flume run` for every process. */
  readonly runArgs: readonly string[]
  /** A process that was asked to stop and still runs after so long is killed. */
  readonly killAfterMs: number
  readonly clock: Clock
  readonly random: Random
  readonly probe: Probe
  readonly launch: LaunchFunction
  readonly fetchStatus: (address: string) => Promise<AgentStatus>
  readonly display: Display
  /** Its abort stops all in order. */
  readonly signal: AbortSignal
  /** Is given what to call when a reload is asked for. */
  readonly onReload: (reload: () => void) => void
  /** Is given what to call when all is to end at once. */
  readonly onKill: (kill: () => void) => void
}

const LOOK_MS = 1_000
/** A log that was the end of a process tells why in its last lines. */
const TAIL_LINES = 3

/** Runs all agents of the input until `signal` aborts. Resolves to the exit code. */
export async function runUp(options: UpOptions): Promise<number> {
  const { files, pluginsDirectory, clock, display, signal, onReload, onKill } = options
  const watched = [...files, pluginsDirectory]
  const signature = await signatureOf(watched)
  const session = new Session(options)
  if (!(await session.begin())) return EXIT.usage
  onReload(() => session.reload())
  onKill(() => session.kill())
  const watcher = watchFiles(watched, signature, clock, () => session.reload())
  await session.lookUntil(signal)
  watcher.stop()
  display.message('stopping all agents')
  const stopped = new AbortController()
  const stopping = session.stop().finally(() => stopped.abort())
  await session.lookUntil(stopped.signal)
  const well = await stopping
  session.show()
  display.message(well ? 'all agents stopped' : 'all agents stopped, not all of them in order')
  return well ? EXIT.clean : EXIT.failure
}

class Session {
  readonly #options: UpOptions
  readonly #ports: PortBook
  readonly #supervisor: Supervisor
  readonly #poll: Poll
  /** Agents in the version that runs. */
  #pools: ReadonlyMap<string, Pool> = new Map()
  #places = new Map<string, string>()
  #loading: Promise<void> | undefined
  #again = false

  constructor(options: UpOptions) {
    const { dataDir, probe, random, clock, display, fetchStatus } = options
    this.#options = options
    this.#ports = PortBook.read(join(dataDir, 'up.json'), { probe, random })
    this.#poll = new Poll(clock, fetchStatus)
    this.#supervisor = new Supervisor({
      ...options,
      report: (event) => display.message(formatEvent(event, (file) => lastLines(file, TAIL_LINES))),
      writeManifest: (spec) => writeAtomically(spec.manifestFile, spec.manifest),
    })
  }

  /** False where no agent can be run. */
  async begin(): Promise<boolean> {
    const found = await this.#load()
    if (found.pools.size === 0) return false
    this.#supervisor.apply(this.#wanted(found)).catch((error: unknown) => this.#failed(error))
    return true
  }

  /** Requests during a reload are answered by a single further one. */
  reload(): void {
    if (this.#loading !== undefined) {
      this.#again = true
      return
    }
    this.#loading = this.#reload().finally(() => {
      this.#loading = undefined
      if (this.#again) this.reload()
      this.#again = false
    })
  }

  kill(): void {
    this.#supervisor.kill()
  }

  stop(): Promise<boolean> {
    return this.#supervisor.stop()
  }

  /** Asks all how they are and shows it, every second. */
  async lookUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#look()
      await sleep(this.#options.clock, LOOK_MS, signal)
    }
  }

  #look(): void {
    const views = this.#supervisor.views()
    void this.#poll.ask(views, (name) => this.#supervisor.answered(name))
    this.show()
    for (const { logFile } of this.#specs()) rotateLog(logFile)
  }

  show(): void {
    const { clock, display } = this.#options
    const looks = this.#poll.looks(this.#supervisor.views())
    display.show(looks.map((look) => rowOf(look, clock.monotonic())))
  }

  async #reload(): Promise<void> {
    const { display, files, signal } = this.#options
    if (signal.aborted) return
    if (files.includes('-')) {
      display.message(
        'the manifests came from the standard input (-f -), which cannot be read again',
      )
      return
    }
    try {
      const found = await this.#load()
      await this.#supervisor.apply(this.#wanted(found))
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    const { code, message } = toFlumeError(error)
    this.#options.display.message(`${code} ${message}`)
  }

  #wanted({ pools, kept }: Pools) {
    return { replicas: [...pools.values()].flatMap((pool) => pool.specs), keep: new Set(kept) }
  }

  /** Reads the input, says what is wrong with it, and takes over what is not. */
  async #load(): Promise<Pools> {
    const { files, display, pluginsDirectory } = this.#options
    const input = await resolveInput(await readInput(files), pluginsDirectory)
    const found = await planPools(input, this.#pools, { ...this.#options, ports: this.#ports })
    this.#ports.save()
    for (const note of input.notes) display.message(note)
    for (const problem of found.problems) display.message(formatProblem(problem))
    if (found.problems.length > 0) display.message(formatCount(found.problems))
    for (const agent of found.kept) display.message(`agent ${agent}: ${KEPT}`)
    for (const agent of found.refused) display.message(`agent ${agent}: ${REFUSED}`)
    if (found.pools.size === 0 && found.problems.length === 0) display.message(NOTHING)
    const kept = found.kept.map((agent) => [agent, this.#pools.get(agent)!] as const)
    this.#pools = new Map([...found.pools, ...kept])
    this.#announce()
    return found
  }

  /** Says where each replica is, when it is new or has moved. */
  #announce(): void {
    const places = [...this.#pools.values()].flatMap((pool) => pool.layout.replicas)
    const before = this.#places
    this.#places = new Map(places.map((place) => [place.name, formatPlace(place)]))
    for (const [name, text] of this.#places)
      if (before.get(name) !== text) this.#options.display.message(text)
  }

  #specs() {
    return [...this.#pools.values()].flatMap((pool) => pool.specs)
  }
}

const KEPT = 'goes on as before until its mistakes are corrected'
const REFUSED = 'is not started until its mistakes are corrected'
const NOTHING =
  'FLM1306 the input defines no agent: it has no FlumeFlow and no FlumeAgent. Check the paths after -f'
