import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SeededRandom } from '../sim/random.ts'
import { IN_FLIGHT_MAX, REQUEST_TIMEOUT_MS, hopAgents } from './hop-agents.ts'
import type { HopAgent } from './hop-agents.ts'
import { InputWriter } from './input.ts'
import { readOutput } from './output.ts'
import type { Output } from './output.ts'

export interface HopRunOptions {
  readonly faults: number
  readonly seed: number
  /** An empty directory; removed when the run passes. */
  readonly directory: string
}

export interface HopRunResult {
  /** By what was done. */
  readonly faults: ReadonlyMap<string, number>
  /** Faults while nothing waited in the edge: they prove less. */
  readonly idleFaults: number
  readonly lines: number
  /** Lines that both hubs have. */
  readonly repeated: number
}

const LINES_PER_SECOND = 1000
const BURST_LINES_MAX = 500
const LOOKS_MAX = 40
const LOOK_MS_MAX = 50
const MOMENT_MS_MAX = 150
const DOWN_MS_MAX = 500
const WAIT_MS = 100
/** Without a further line. */
const WAITS_MAX = 150

type Fault =
  | 'kill a hub'
  | 'kill both hubs'
  | 'freeze a hub'
  | 'freeze a hub and kill it'
  | 'stop a hub in order'
  | 'kill the edge'
  | 'freeze the edge'
  | 'kill all'
  | 'freeze a hub and kill the edge'
const FAULTS: Readonly<Record<Fault, number>> = {
  'kill a hub': 5,
  'kill both hubs': 1,
  'freeze a hub': 3,
  'freeze a hub and kill it': 1,
  'stop a hub in order': 1,
  'kill the edge': 4,
  'freeze the edge': 1,
  'kill all': 1,
  'freeze a hub and kill the edge': 1,
}

/**
 * An edge hands lines to two hubs that write them to files, while all three are killed and frozen again
 * and again. At the end every line has to be in the files of some hub, and in those of each at most once.
 *
 * A line is in both when its first receiver could not say whether it took it: it was killed or frozen
 * with the request, or the edge was killed before it knew the answer. Each fault explains at most what
 * was in flight.
 */
export async function hopRun(options: HopRunOptions): Promise<HopRunResult> {
  mkdirSync(join(options.directory, 'in'))
  const run = new HopRun(options, await hopAgents(options.directory))
  let result
  try {
    result = await run.run()
  } finally {
    await run.end()
  }
  rmSync(options.directory, { recursive: true })
  return result
}

class HopRun {
  readonly #options: HopRunOptions
  readonly #random: SeededRandom
  readonly #input: InputWriter
  readonly #edge: HopAgent
  readonly #hubs: readonly HopAgent[]
  readonly #faults = new Map<string, number>()
  #idleFaults = 0
  #writes = true

  constructor(
    options: HopRunOptions,
    { edge, hubs }: { readonly edge: HopAgent; readonly hubs: readonly HopAgent[] },
  ) {
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    this.#input = new InputWriter(join(options.directory, 'in'), this.#random.fork())
    this.#edge = edge
    this.#hubs = hubs
  }

  async run(): Promise<HopRunResult> {
    for (const agent of this.#agents) agent.start()
    this.#input.start(LINES_PER_SECOND)
    await this.#edge.process.until('running', ({ flows }) => flows[0]!.sources.length > 0)
    for (let i = 0; i < this.#options.faults; i++) {
      const fault = this.#random.weighted(FAULTS)
      await this.#moment(MOMENT_MS_MAX)
      if (!(await this.#edgeGetsBusy())) this.#idleFaults++
      await this.#do(fault)
      this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1)
    }
    await this.#drain()
    return this.#judge()
  }

  /** Leaves no process. */
  async end(): Promise<void> {
    if (this.#writes) this.#input.stop()
    for (const agent of this.#agents) await agent.end()
  }

  get #agents(): readonly HopAgent[] {
    return [...this.#hubs, this.#edge]
  }

  async #do(fault: Fault): Promise<void> {
    const hub = this.#random.pick(this.#hubs)
    if (fault === 'kill a hub') await this.#killAndStart([hub])
    else if (fault === 'kill both hubs') await this.#killAndStart(this.#hubs)
    else if (fault === 'kill the edge') await this.#killAndStart([this.#edge])
    else if (fault === 'kill all') await this.#killAndStart(this.#agents)
    else if (fault === 'stop a hub in order') {
      // One that was just started may not listen to signals yet.
      await hub.process.until('running', ({ flows }) => flows[0]!.sources.length > 0)
      await hub.stop()
      await this.#moment(DOWN_MS_MAX)
      hub.start()
    } else if (fault === 'freeze the edge') await this.#freeze(this.#edge, () => Promise.resolve())
    else if (fault === 'freeze a hub') await this.#freeze(hub, () => Promise.resolve())
    else if (fault === 'freeze a hub and kill the edge')
      await this.#freeze(hub, () => this.#killAndStart([this.#edge]))
    else {
      hub.freeze()
      await this.#moment(2 * REQUEST_TIMEOUT_MS)
      await this.#killAndStart([hub])
    }
  }

  async #killAndStart(agents: readonly HopAgent[]): Promise<void> {
    await Promise.all(agents.map((agent) => agent.kill()))
    await this.#moment(DOWN_MS_MAX)
    for (const agent of agents) agent.start()
  }

  /** Shorter or longer than a sender waits. */
  async #freeze(agent: HopAgent, meanwhile: () => Promise<void>): Promise<void> {
    agent.freeze()
    await this.#moment(REQUEST_TIMEOUT_MS)
    await meanwhile()
    await this.#moment(REQUEST_TIMEOUT_MS)
    agent.thaw()
  }

  /** Whether events are on their way, after bursts of lines. One that just started may take a while. */
  async #edgeGetsBusy(): Promise<boolean> {
    for (let look = 0; look < LOOKS_MAX; look++) {
      this.#input.writeLines(this.#random.between(1, BURST_LINES_MAX))
      const status = await this.#edge.process.status()
      if ((status?.flows[0]?.channels[0]?.stats?.backlogEvents ?? 0) > 0) return true
      await this.#moment(LOOK_MS_MAX)
    }
    return false
  }

  /** Until every line is in some output, or none has come for long: then the verdict says which. */
  async #drain(): Promise<void> {
    this.#input.stop()
    this.#writes = false
    const lines = this.#input.lines
    for (let arrived = this.#arrived(), waits = 0; arrived < lines && waits < WAITS_MAX; waits++) {
      await sleep(WAIT_MS)
      const now = this.#arrived()
      if (now > arrived) waits = 0
      arrived = now
    }
    for (const agent of this.#agents) {
      await agent.process.until('drained', ({ flows }) => {
        const stats = flows[0]!.channels[0]?.stats
        return stats !== undefined && stats.backlogEvents === 0
      })
    }
    for (const agent of [this.#edge, ...this.#hubs]) await agent.stop()
    if (lines === 0) throw new Error('no line was written')
  }

  /** Lines that are in some output. */
  #arrived(): number {
    const [first, ...others] = this.#outputs()
    const ids = new Set(first!.counts.keys())
    for (const { counts } of others) for (const id of counts.keys()) ids.add(id)
    return ids.size
  }

  #outputs(): readonly Output[] {
    const { directory } = this.#options
    return this.#hubs.map((_, i) => readOutput(join(directory, `out-${i}`), 'text'))
  }

  #judge(): HopRunResult {
    const outputs = this.#outputs()
    const lines = this.#input.lines
    const lost: number[] = []
    const twice: string[] = []
    let repeated = 0
    for (let id = 0; id < lines; id++) {
      const counts = outputs.map((output) => output.counts.get(id) ?? 0)
      if (counts.every((count) => count === 0)) lost.push(id)
      if (counts.some((count) => count > 1)) twice.push(`${id}: ${counts.join(' and ')}`)
      if (counts.every((count) => count > 0)) repeated++
    }
    const strangers = outputs.flatMap(({ counts }) =>
      [...counts.keys()].filter((id) => id >= lines),
    )
    const torn = outputs.flatMap((output) => output.torn)
    const most = this.#options.faults * IN_FLIGHT_MAX
    const wrong = [
      list('lines lost', lost),
      list('lines twice at one hub', twice),
      list('lines that were never written', strangers),
      list('torn lines', torn),
      repeated > most ? `${repeated} lines at both hubs; the faults explain ${most}` : '',
    ].filter((text) => text !== '')
    if (wrong.length > 0) {
      const facts = JSON.stringify({ faults: [...this.#faults], lines, lost, twice }, null, 1)
      writeFileSync(join(this.#options.directory, 'verdict.json'), facts)
      throw new Error(wrong.join('\n'))
    }
    return { faults: this.#faults, idleFaults: this.#idleFaults, lines, repeated }
  }

  #moment(msMax: number): Promise<void> {
    return sleep(this.#random.between(0, msMax))
  }
}

function list(what: string, all: readonly unknown[]): string {
  return all.length === 0 ? '' : `${all.length} ${what}: ${all.slice(0, 10).join(', ')}`
}
