import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { flume, script, until, within } from './child.ts'
import type { Child } from './child.ts'
import type { CrashAgentOptions } from './agent.ts'
import { InputWriter } from './input.ts'
import { chooseKillPoint, nameOf } from './kill-point.ts'
import type { KillPoint } from './kill-point.ts'
import { judge, readOutput } from './output.ts'
import { SeededRandom } from '../sim/random.ts'
import { RunningAgent, channelDirectories, runFlume } from './running-agent.ts'
import type { Scenario } from './scenario.ts'

export interface CrashRunResult {
  /** Kills with events in flight, by the name of their point. */
  readonly kills: ReadonlyMap<string, number>
  /** Kills with nothing in flight: they prove nothing and are not counted. */
  readonly idleKills: number
  readonly lines: number
  /** Events repeated where that is allowed. */
  readonly repeated: number
}

export interface CrashRunOptions {
  readonly scenario: Scenario
  readonly kills: number
  readonly seed: number
  /** Which named point comes first. */
  readonly turn: number
  /** An empty directory; removed when the run passes. */
  readonly directory: string
}

/** A named point that is not reached in this time becomes a kill from outside. */
const REACH_MS_MAX = 2500
const DRAIN_MS_MAX = 60_000

/**
 * Kills the agent again and again over one data directory while lines are written, then lets it
 * deliver everything and compares.
 */
export async function crashRun(options: CrashRunOptions): Promise<CrashRunResult> {
  const run = new CrashRun(options)
  try {
    await run.killAll()
    await run.drain()
  } finally {
    run.end()
  }
  const result = run.judge()
  rmSync(options.directory, { recursive: true })
  return result
}

class CrashRun {
  readonly #options: CrashRunOptions
  readonly #random: SeededRandom
  readonly #writer: InputWriter
  readonly #outputs: readonly string[]
  readonly #manifests: readonly string[]
  readonly #dataDir: string
  readonly #kills = new Map<string, number>()
  #counted = 0
  #idle = 0
  #starts = 0
  #child: Child | undefined

  constructor(options: CrashRunOptions) {
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    const at = (name: string): string => join(options.directory, name)
    const { scenario } = options
    this.#dataDir = at('data')
    this.#outputs = [...scenario.outputs.flat(), ...scenario.partial].map(at)
    for (const directory of [at('in'), ...this.#outputs]) mkdirSync(directory)
    this.#manifests = scenario.manifests.map((manifest, i) => {
      writeFileSync(at(`flow-${i}.yaml`), manifest({ input: at('in'), output: at }))
      return at(`flow-${i}.yaml`)
    })
    this.#writer = new InputWriter(at('in'), this.#random)
  }

  async killAll(): Promise<void> {
    const { scenario, kills, turn } = this.#options
    // Sometimes there is more than a small channel holds before an agent sees it.
    this.#writer.writeLines(this.#random.chance(0.25) ? 40_000 : 200)
    this.#writer.start(scenario.linesPerSecond)
    for (let attempt = 0; this.#counted < kills; attempt++) {
      if (attempt >= 3 * kills) throw new Error(`${this.#idle} kills had nothing in flight`)
      const flow = { channel: scenario.channel, isNew: attempt === 0 }
      const name = await this.#killAt(chooseKillPoint(turn + attempt, flow, this.#random))
      if (this.#inFlight() > 0) {
        this.#kills.set(name, (this.#kills.get(name) ?? 0) + 1)
        this.#counted += 1
      } else this.#idle += 1
    }
  }

  /** Starts an agent and waits until it is dead; the name of the point where it died. */
  async #killAt(point: KillPoint): Promise<string> {
    const outside = 'afterMs' in point
    this.#child = outside ? this.#startFlume() : this.#startCrashAgent(point)
    const reached = await within(this.#child.ended, outside ? point.afterMs : REACH_MS_MAX)
    if (reached === undefined) this.#child.kill('SIGKILL')
    const ending = reached ?? (await this.#child.ended)
    if (ending !== 'SIGKILL')
      throw new Error(`the agent ended by itself: ${ending}\n${this.#child.log()}`)
    if (reached !== undefined || outside) return nameOf(point)
    return `from outside (${nameOf(point)} not reached)`
  }

  #startFlume(): Child {
    const args = ['run', '-f', this.#nextManifest(), '--data-dir', this.#dataDir]
    return flume([...args, '--admin', '127.0.0.1:0'], this.#nextLog('outside'))
  }

  #startCrashAgent(point: Exclude<KillPoint, { afterMs: number }>): Child {
    const options: CrashAgentOptions = {
      manifest: this.#nextManifest(),
      dataDir: this.#dataDir,
      outputs: this.#outputs,
      point,
    }
    return script('test/crash/agent.ts', [JSON.stringify(options)], this.#nextLog(nameOf(point)))
  }

  #nextManifest(): string {
    return this.#manifests[this.#starts % this.#manifests.length]!
  }

  #nextLog(name: string): string {
    this.#starts += 1
    return join(this.#options.directory, `agent-${this.#starts}-${name.replaceAll(' ', '-')}.log`)
  }

  /**
   * Lines of the input that an output still lacks. Each id counts once: an output that may repeat
   * events has more lines than it has ids.
   */
  #inFlight(): number {
    return this.#verdicts().reduce((sum, { lost }) => sum + lost.length, 0)
  }

  /** Lets an agent deliver everything and stop in order. */
  async drain(): Promise<void> {
    this.#writer.stop()
    const { directory } = this.#options
    const agent = await RunningAgent.start(['-f', this.#manifests[0]!], directory, this.#dataDir)
    try {
      // Once a sink runs, it has cut off what was not acknowledged, and lines only come.
      await agent.untilStatus('running', ({ flows }) =>
        flows[0]!.sinks.every(({ state }) => state === 'running'),
      )
      await until(
        () => (this.#inFlight() === 0 ? true : undefined),
        DRAIN_MS_MAX,
        () => `${this.#inFlight()} lines are not delivered\n${agent.log()}`,
      )
      const end = await agent.stop()
      if (end !== 0) throw new Error(`the agent did not stop in order: ${end}\n${agent.log()}`)
    } finally {
      await agent.kill()
    }
    await this.#verifyChannels()
  }

  /** What kills left behind is repaired, nothing of it is damage. */
  async #verifyChannels(): Promise<void> {
    for (const channel of channelDirectories(this.#dataDir)) {
      const args = ['channel', 'verify', channel]
      const { ending, output } = await runFlume(args, this.#options.directory)
      if (ending !== 0) throw new Error(`${channel} is damaged\n${output}`)
    }
  }

  #verdicts(): ReturnType<typeof judge>[] {
    const { outputs, format, isExpected } = this.#options.scenario
    return outputs.map((group) => {
      const read = group.map((name) => readOutput(join(this.#options.directory, name), format))
      return judge(read, this.#writer.lines, isExpected)
    })
  }

  judge(): CrashRunResult {
    let repeated = 0
    for (const { lost, repeated: again, strangers, torn } of this.#verdicts()) {
      repeated += again.length
      const wrong = [
        some('lost', lost),
        some('not to be there', strangers),
        some('torn', torn),
        this.#options.scenario.mayRepeat ? '' : some('repeated', again),
      ].filter((text) => text !== '')
      if (wrong.length > 0) throw new Error(wrong.join('\n'))
    }
    for (const name of this.#options.scenario.partial) this.#judgePartial(name)
    return { kills: this.#kills, idleKills: this.#idle, lines: this.#writer.lines, repeated }
  }

  #judgePartial(name: string): void {
    const output = readOutput(join(this.#options.directory, name), this.#options.scenario.format)
    const { torn, strangers } = judge([output], this.#writer.lines, () => true)
    if (torn.length + strangers.length > 0) throw new Error(`${some('torn', torn)} in ${name}`)
  }

  /** Leaves no process. */
  end(): void {
    this.#child?.kill('SIGKILL')
  }
}

function some(what: string, list: readonly (number | string)[]): string {
  return list.length === 0 ? '' : `${list.length} lines ${what}: ${list.slice(0, 20).join(', ')}`
}
