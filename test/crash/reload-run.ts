import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { configurationHash } from '../../agent/config/configuration-hash.ts'
import { loadConfiguration } from '../../agent/config/load.ts'
import type { AgentStatus } from '../../agent/core/status.ts'
import { SeededRandom } from '../sim/random.ts'
import { until, within } from './child.ts'
import { KeyedInput } from './keyed-input.ts'
import { nameOf } from './kill-point.ts'
import type { DiskKillPoint } from './kill-point.ts'
import { LeftChannels } from './left-channels.ts'
import { readOutput } from './output.ts'
import { reloadKillPoint } from './reload-kill-point.ts'
import { judgeReloads } from './reload-oracle.ts'
import type { ChannelOutput, History, Mark, ReloadVerdict } from './reload-oracle.ts'
import { ReloadingAgent } from './reloading-agent.ts'
import { CHANNELS, FLOW, isBlocked, manifestOf, outputName, writerOf } from './shape.ts'
import type { Shape } from './shape.ts'
import { firstShape, lastShape, leaveBehind, nextShape, unblocked } from './shape-changes.ts'

export interface ReloadRunOptions {
  /** 0: reloads alone. */
  readonly kills: number
  readonly seed: number
  /** Nothing that changes where events go. */
  readonly keepsRouting: boolean
  /** An empty directory; removed when the run passes. */
  readonly directory: string
}

export interface ReloadRunResult {
  /** By when, or at which operation. */
  readonly kills: ReadonlyMap<string, number>
  readonly shapes: number
  readonly lines: number
  readonly repeats: number
  /** Times a channel that left was seen, by its role. */
  readonly left: ReadonlyMap<string, number>
}

const LINES_PER_SECOND = 600
/** A named point that is not reached in this time becomes a kill from outside. */
const REACH_MS_MAX = 2000
const KILL_AFTER_MS_MAX = 150
const KILL_AT_START_MS_MAX = 700
const STEPS_MAX = 3
const LOADS_TO_WATCH = 4
const RELOADS_WITHOUT_KILL = 10
const STOP_MS_MAX = 30_000

type Step = 'reload' | 'leave' | 'watch' | 'bad manifest' | 'settle' | 'load' | 'free a target'
const STEPS: Readonly<Record<Step, number>> = {
  reload: 6,
  'bad manifest': 1,
  leave: 3,
  watch: 2,
  settle: 2,
  load: 2,
  'free a target': 1,
}

/**
 * Kills the agent again and again while lines are written and the configuration changes, by reloads
 * and while it is down; then lets a last configuration deliver everything and compares.
 */
export async function reloadRun(options: ReloadRunOptions): Promise<ReloadRunResult> {
  const run = new ReloadRun(options)
  let result
  try {
    await (options.kills === 0 ? run.reloadAll() : run.killAll())
    await run.drain()
    result = run.judge()
  } finally {
    await run.end()
  }
  rmSync(options.directory, { recursive: true })
  return result
}

class ReloadRun {
  readonly #options: ReloadRunOptions
  readonly #random: SeededRandom
  readonly #input: KeyedInput
  readonly #manifest: string
  readonly #dataDir: string
  readonly #shapes: Shape[] = []
  readonly #confirmed: Mark[] = []
  readonly #settled: Mark[] = []
  readonly #kills = new Map<string, number>()
  readonly #left: LeftChannels
  #hash = ''
  #starts = 0
  #agent: ReloadingAgent | undefined

  constructor(options: ReloadRunOptions) {
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    this.#manifest = join(options.directory, 'flow.yaml')
    this.#dataDir = join(options.directory, 'data')
    this.#left = new LeftChannels(join(this.#dataDir, 'crash-0', FLOW))
    mkdirSync(join(options.directory, 'out'))
    this.#input = new KeyedInput(join(options.directory, 'in'), this.#random.fork())
  }

  async killAll(): Promise<void> {
    await this.#begin()
    for (let kill = 0; kill < this.#options.kills; kill++) {
      if (kill > 0 && this.#random.chance(0.4)) await this.#change()
      const name = await this.#liveAndDie()
      this.#kills.set(name, (this.#kills.get(name) ?? 0) + 1)
      // Whatever it had read: the next one reads what is there now.
      this.#note(this.#confirmed)
    }
  }

  /** One life without a death, that ends in order. */
  async reloadAll(): Promise<void> {
    await this.#begin()
    const agent = this.#start(undefined)
    for (let left = RELOADS_WITHOUT_KILL; left > 0; left--) {
      await this.#reload(agent)
      if (this.#random.chance(0.3)) await this.#step(agent)
    }
    await this.#stop(agent)
  }

  /** Everything that was ever written, in the channels it had to go to, by a last configuration. */
  async drain(): Promise<void> {
    const { keepsRouting } = this.#options
    await this.#write((keepsRouting ? unblocked : lastShape)(this.#shape, this.#random))
    this.#note(this.#confirmed)
    const agent = this.#start(undefined)
    await this.#settleInput(agent)
    await agent.until('empty', ({ flows }) =>
      flows[0]!.channels.every(
        ({ role, stats }) => role === 'active' && stats?.backlogEvents === 0,
      ),
    )
    await this.#stop(agent)
  }

  async #stop(agent: ReloadingAgent): Promise<void> {
    agent.signal('SIGTERM')
    const ending = await within(agent.ended, STOP_MS_MAX)
    if (ending !== 0) throw new Error(`the agent did not stop in order: ${ending}\n${agent.log()}`)
  }

  judge(): ReloadRunResult {
    const lines = this.#input.lines()
    const shapes = this.#shapes
    const history: History = { shapes, confirmed: this.#confirmed, settled: this.#settled, lines }
    const verdict = judgeReloads(history, this.#outputs())
    const wrong = wrongIn(verdict, this.#options.kills)
    if (wrong !== '') {
      writeFileSync(join(this.#options.directory, 'history.json'), JSON.stringify(history, null, 1))
      throw new Error(wrong)
    }
    return {
      kills: this.#kills,
      shapes: shapes.length,
      lines: sum(lines),
      repeats: verdict.repeats,
      left: this.#left.seen,
    }
  }

  /** Leaves no process. */
  async end(): Promise<void> {
    this.#input.stop()
    this.#agent?.signal('SIGKILL')
    await this.#agent?.ended
  }

  async #begin(): Promise<void> {
    await this.#write(firstShape(this.#options.keepsRouting, this.#random))
    this.#input.writeLines(this.#random.chance(0.3) ? 8000 : 100)
    this.#input.start(LINES_PER_SECOND)
  }

  get #shape(): Shape {
    return this.#shapes.at(-1)!
  }

  /** One life of the agent; the name of its death. */
  async #liveAndDie(): Promise<string> {
    const point = this.#random.chance(0.45) ? reloadKillPoint(this.#random) : undefined
    const agent = this.#start(point)
    if (point === undefined && this.#random.chance(0.2)) {
      await within(agent.ended, this.#random.between(0, KILL_AT_START_MS_MAX))
      return this.#kill(agent, 'while starting')
    }
    for (let left = this.#random.between(0, STEPS_MAX); left > 0; left--)
      if ((await this.#step(agent)) === 'dead') return this.#kill(agent, named(point))
    if ((await this.#up(agent)) === 'dead') return this.#kill(agent, named(point))
    if (this.#random.chance(0.2)) return this.#kill(agent, 'at work')
    await this.#change()
    agent.signal('SIGHUP')
    const waitMs = point === undefined ? this.#random.between(0, KILL_AFTER_MS_MAX) : REACH_MS_MAX
    const died = await within(agent.ended, waitMs)
    return this.#kill(agent, died === undefined ? 'during a reload' : named(point))
  }

  async #kill(agent: ReloadingAgent, name: string): Promise<string> {
    agent.signal('SIGKILL')
    const ending = await agent.ended
    if (ending !== 'SIGKILL')
      throw new Error(`the agent ended by itself: ${ending}\n${agent.log()}`)
    return name
  }

  #step(agent: ReloadingAgent): Promise<'alive' | 'dead'> {
    const step = this.#random.weighted(STEPS)
    if (step === 'reload') return this.#reload(agent)
    if (step === 'bad manifest') return this.#refuse(agent)
    if (step === 'free a target') return this.#free(agent)
    if (step === 'leave') return this.#leave(agent)
    if (step === 'watch') return this.#watch(agent)
    // What cannot be delivered may fill a channel, and then nothing settles.
    const blocked = this.#shape.sinks.some(({ directory }) => isBlocked(directory))
    return step === 'settle' && !blocked ? this.#settle(agent) : this.#load(agent)
  }

  /** Waits until it runs what is in the manifest. */
  async #up(agent: ReloadingAgent): Promise<'alive' | 'dead'> {
    const status = await agent.until('running the manifest', (each) => this.#runs(each))
    if (status === 'dead') return 'dead'
    this.#note(this.#confirmed)
    return this.#left.check(agent)
  }

  #runs({ configuration, flows }: AgentStatus): boolean {
    return configuration === this.#hash && flows[0]!.sources.length > 0
  }

  /** Leaves a channel behind that is not empty. */
  async #leave(agent: ReloadingAgent): Promise<'alive' | 'dead'> {
    if (this.#options.keepsRouting) return this.#reload(agent)
    const [blocked, left] = leaveBehind(this.#shape, this.#random)
    if ((await this.#reload(agent, blocked)) === 'dead') return 'dead'
    if ((await this.#load(agent)) === 'dead') return 'dead'
    if ((await this.#reload(agent, left)) === 'dead') return 'dead'
    return this.#watch(agent)
  }

  async #reload(agent: ReloadingAgent, shape?: Shape): Promise<'alive' | 'dead'> {
    if ((await this.#up(agent)) === 'dead') return 'dead'
    await (shape === undefined ? this.#change() : this.#write(shape))
    // Without a signal it sees that the file changed.
    if (this.#random.chance(0.9)) agent.signal('SIGHUP')
    const status = await agent.until('applying the manifest', (each) => this.#runs(each))
    if (status === 'dead') return 'dead'
    this.#left.applied(this.#shape)
    return this.#up(agent)
  }

  /** A manifest with mistakes changes nothing. */
  async #refuse(agent: ReloadingAgent): Promise<'alive' | 'dead'> {
    if ((await this.#up(agent)) === 'dead') return 'dead'
    const good = this.#text(this.#shape)
    const before = await agent.status()
    const bad = this.#random.pick(BAD)(good)
    if (bad === undefined) rmSync(this.#manifest)
    else this.#replace(bad)
    agent.signal('SIGHUP')
    const refused = await agent.until(
      'refusing a bad manifest',
      ({ lastReload }) => lastReload?.result === 'refused' && lastReload.errors.length > 0,
    )
    this.#replace(good)
    if (before === undefined || refused === 'dead') return 'dead'
    const [parts, partsBefore] = [partsOf(refused), partsOf(before)]
    if (parts !== partsBefore)
      throw new Error(`a bad manifest changed something:\n${partsBefore}\n${parts}\n${agent.log()}`)
    agent.signal('SIGHUP')
    const again = await agent.until(
      'finding the good manifest unchanged',
      ({ lastReload }) => lastReload?.result === 'unchanged',
    )
    return again === 'dead' ? 'dead' : 'alive'
  }

  /** Long enough for the agent to look at channels that left: it keeps those that are not empty. */
  async #watch(agent: ReloadingAgent): Promise<'alive' | 'dead'> {
    if ((await this.#up(agent)) === 'dead') return 'dead'
    for (let left = this.#left.some() ? LOADS_TO_WATCH : 0; left > 0; left--)
      if ((await this.#load(agent)) === 'dead') return 'dead'
    return this.#left.check(agent)
  }

  async #load(agent: ReloadingAgent): Promise<'alive' | 'dead'> {
    const before = sum(this.#input.lines())
    await until(
      () => (agent.dead || sum(this.#input.lines()) > before + LINES_PER_SECOND ? true : undefined),
      STOP_MS_MAX,
      () => 'nothing was written',
    )
    return agent.dead ? 'dead' : 'alive'
  }

  async #free(agent: ReloadingAgent): Promise<'alive' | 'dead'> {
    const out = join(this.#options.directory, 'out')
    const blocked = readdirSync(out).filter((name) => !isDirectory(join(out, name)))
    if (blocked.length > 0) rmSync(join(out, this.#random.pick(blocked)))
    return this.#load(agent)
  }

  /** Stops the writing until all that was written is in the channels. */
  async #settle(agent: ReloadingAgent): Promise<'alive' | 'dead'> {
    const result = await this.#settleInput(agent)
    this.#input.start(LINES_PER_SECOND)
    return result
  }

  async #settleInput(agent: ReloadingAgent): Promise<'alive' | 'dead'> {
    if ((await this.#up(agent)) === 'dead') return 'dead'
    this.#input.pause()
    // The second round begins a look at all files after the end of the first.
    for (let round = 0; round < 2; round++) {
      this.#input.mark()
      const files = this.#input.files()
      const status = await agent.until('settled', ({ flows }) => {
        const { state, details } = flows[0]!.sources[0]!
        if (state !== 'running' || Number(details['files']) < files) return false
        return details['bytesBehind'] === 0 && details['batchesInFlight'] === 0
      })
      if (status === 'dead') return 'dead'
    }
    this.#note(this.#settled)
    return 'alive'
  }

  #note(marks: Mark[]): void {
    marks.push({ shape: this.#shapes.length - 1, lines: this.#input.lines() })
  }

  #change(): Promise<void> {
    return this.#write(nextShape(this.#shape, this.#options.keepsRouting, this.#random))
  }

  async #write(shape: Shape): Promise<void> {
    for (const { directory } of shape.sinks) {
      const path = this.#output(directory)
      if (isBlocked(directory) && !existsSync(path)) writeFileSync(path, 'in the way')
    }
    this.#shapes.push(shape)
    this.#replace(this.#text(shape))
    const { plan, problems } = await loadConfiguration([this.#manifest], {})
    if (plan === undefined) throw new Error(JSON.stringify(problems))
    this.#hash = configurationHash(plan)
  }

  /** At once, so that no reader finds half of it. */
  #replace(text: string): void {
    writeFileSync(`${this.#manifest}.new`, text)
    renameSync(`${this.#manifest}.new`, this.#manifest)
  }

  #text(shape: Shape): string {
    const input = (key: number): string => join(this.#options.directory, 'in', `k${key}`)
    return manifestOf(shape, { input, output: (name) => this.#output(name) })
  }

  #output(name: string): string {
    return join(this.#options.directory, 'out', name)
  }

  #start(point: DiskKillPoint | undefined): ReloadingAgent {
    this.#starts += 1
    this.#left.restarted(this.#shape)
    const log = join(this.#options.directory, `agent-${this.#starts}.log`)
    const [manifest, dataDir] = [this.#manifest, this.#dataDir]
    const fromStart = this.#random.chance(0.3)
    this.#agent =
      point === undefined
        ? ReloadingAgent.start(manifest, dataDir, log)
        : ReloadingAgent.startToDie(
            { manifest, dataDir, outputs: this.#possibleOutputs(), point, fromStart },
            log,
          )
    return this.#agent
  }

  #possibleOutputs(): readonly string[] {
    const sinks = [...CHANNELS.map((name) => `out-${name}`), 'second']
    const numbers = [0, 1, 2, 3]
    return CHANNELS.flatMap((channel) =>
      sinks.flatMap((sink) =>
        numbers.map((number) => this.#output(outputName(channel, sink, { number }))),
      ),
    )
  }

  #outputs(): readonly ChannelOutput[] {
    const names = readdirSync(join(this.#options.directory, 'out'))
    return names
      .filter((name) => isDirectory(this.#output(name)))
      .map((name) => {
        const { channel, sink } = writerOf(name)
        const isKept = this.#shape.sinks.some(
          (each) => each.name === sink && each.channel === channel,
        )
        const { counts, torn } = readOutput(this.#output(name), 'text')
        return { channel, isKept, counts, torn }
      })
  }
}

/** undefined: the file is gone. */
const BAD: readonly ((good: string) => string | undefined)[] = [
  (good) => good.slice(0, good.length / 2),
  (good) => good.replace('channels:\n', 'chanels:\n'),
  (good) => good.replace(/channel: \w/, 'channel: nowhere'),
  (good) => `${good}  unclosed: [`,
  () => '',
  () => undefined,
]

/** What runs, without what moves. */
function partsOf({ configuration, flows }: AgentStatus): string {
  const parts = flows.flatMap(({ name, hash, sources, sinks, channels }) => [
    `${name} ${hash}`,
    ...sources.map((each) => each.name),
    ...sinks.map((each) => `${each.name} of ${each.channel}`),
    ...channels.filter(({ role }) => role === 'active').map((each) => each.name),
  ])
  return [configuration, ...parts].join(', ')
}

function named(point: DiskKillPoint | undefined): string {
  return point === undefined ? 'from outside' : nameOf(point)
}

/** Without a kill nothing is repeated, whatever the routing; with one, copies by a changed routing are counted. */
function wrongIn(verdict: ReloadVerdict, kills: number): string {
  const kinds = ['lost', 'strangers', 'repeated', 'torn'] as const
  const texts = kinds.map((kind) =>
    verdict[kind].length === 0
      ? ''
      : `${verdict[kind].length} lines ${kind}:\n  ${verdict[kind].slice(0, 10).join('\n  ')}`,
  )
  if (kills === 0 && verdict.repeats > 0) texts.push(`${verdict.repeats} copies without a kill`)
  return texts.filter((text) => text !== '').join('\n')
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
