import { openWith } from '../../agent/channels/file/channel.ts'
import { loader as catalogLoader } from '../../agent/catalog.ts'
import { fileChannelOptions } from '../../agent/channels/file/options.ts'
import type { ComponentLoader } from '../../agent/core/component.ts'
import { Pipeline } from '../../agent/pipeline/pipeline.ts'
import * as replicating from '../../agent/selectors/replicating/selector.ts'
import { createMetrics } from '../../agent/telemetry/metrics.ts'
import { OracleFailure, fail, scriptedEvents } from './channel-model.ts'
import { ManualClock, turns } from './clock.ts'
import { createInterceptor } from './delivery-parts.ts'
import { Mood, MoodySink, RemoteTarget } from './delivery-sinks.ts'
import type { MoodySinkConfig } from './delivery-sinks.ts'
import { planOf } from './delivery-plan.ts'
import type { DeliveryPlan } from './delivery-plan.ts'
import { GrowingStream, StreamSource } from './delivery-source.ts'
import { randomFault } from './disk-faults.ts'
import { BLOCK_BYTES } from './disk-node.ts'
import { SimDisk } from './disk.ts'
import type { RunResult } from './fault-run.ts'
import { TestLog } from './flow-parts.ts'
import { SeededRandom } from './random.ts'

const OPERATIONS_MIN = 50
const OPERATIONS_MAX = 110
const SEGMENT_BYTES = 16 * 1024
/** Steps of a few turns of the event loop in which everything must arrive once nothing stands in its way. */
const CALM_STEPS_MAX = 2000
const STOP_MS = 5_000

/** One for all runs: each hooks into the process, and nothing here looks at it. */
const METRICS = createMetrics()

const WEIGHTS = {
  grow: 20,
  pass: 25,
  armFault: 2,
  clearFaults: 3,
  fillDisk: 0.7,
  freeDisk: 1,
  crashSoon: 1.5,
  kill: 1,
  power: 1,
  restart: 1,
} as const

/**
 * A run of the whole way: sources that can read again → file channels → file sinks, in a real pipeline on
 * one simulated disk. At the end, and after a last power loss, the files must have every line once.
 */
export async function deliveryRun(seed: number): Promise<RunResult> {
  const delivery = new Delivery(new SeededRandom(seed))
  let failure: string | undefined
  // In the product an unhandled rejection ends the process, whatever it was about.
  const unhandled = (error: unknown): void => {
    failure ??= `unhandled rejection: ${(error as Error).stack}`
  }
  process.on('unhandledRejection', unhandled)
  try {
    await delivery.run()
  } catch (error) {
    failure ??= error instanceof OracleFailure ? error.message : (error as Error).stack
  }
  process.off('unhandledRejection', unhandled)
  return {
    seed,
    operations: delivery.operations,
    faults: Object.fromEntries(delivery.fired()),
    crashes: delivery.crashes,
    eventsChecked: delivery.eventsChecked,
    failure,
    trace: delivery.disk.trace,
  }
}

class Delivery {
  readonly crashes = { kill: 0, power: 0 }
  disk: SimDisk
  operations = 0
  eventsChecked = 0
  readonly #random: SeededRandom
  readonly #streams: readonly GrowingStream[]
  readonly #plan: DeliveryPlan
  readonly #mood: Mood
  readonly #target = new RemoteTarget()
  readonly #fired = new Map<string, number>()
  #clock = new ManualClock()
  #pipeline: Pipeline | undefined
  /** Files that could not be cut back in several attempts: what is at their end may be there twice. */
  #sealedFiles = 0

  constructor(random: SeededRandom) {
    this.#random = random
    this.disk = new SimDisk({ random: random.fork() })
    this.#streams = ['s0', 's1'].map((name) => new GrowingStream(name))
    this.#plan = planOf(random)
    this.#mood = new Mood((probability) => random.chance(probability))
  }

  async run(): Promise<void> {
    const random = this.#random
    await this.disk.makeDirectory('/data')
    this.disk.syncAll()
    await this.#start()
    const count = random.between(OPERATIONS_MIN, OPERATIONS_MAX)
    for (; this.operations < count; this.operations++) {
      const action = random.weighted(WEIGHTS)
      this.disk.trace.push(`   ${action}`)
      await this.#act(action)
      if (this.disk.halted) await this.#crash(random.pick(['kill', 'power']))
    }
    if (this.fired().size === 0) await this.#crash('power')
    await this.#finish()
  }

  fired(): Map<string, number> {
    const all = new Map(this.#fired)
    for (const [what, count] of this.disk.faults.fired) all.set(what, (all.get(what) ?? 0) + count)
    if (this.crashes.kill > 0) all.set('SIGKILL', this.crashes.kill)
    if (this.crashes.power > 0) all.set('power loss', this.crashes.power)
    return all
  }

  async #act(action: keyof typeof WEIGHTS): Promise<void> {
    const random = this.#random
    const { disk } = this
    switch (action) {
      case 'grow':
        return random.pick(this.#streams).grow(random.between(1, 30))
      case 'pass':
        return this.#pass(random.pick([1, 30, 200, 2000, 5000]))
      case 'armFault':
        return disk.faults.arm({ ...randomFault(random), nth: random.between(1, 25) })
      case 'clearFaults':
        return disk.faults.clear()
      case 'fillDisk':
        disk.capacityBytes = disk.usedBytes + BLOCK_BYTES * random.between(0, 6)
        return
      case 'freeDisk':
        disk.capacityBytes = Infinity
        return
      case 'crashSoon': {
        const at = disk.calls + random.between(1, 60)
        disk.onCall = (call): void => {
          if (call.index >= at) disk.halt()
        }
        return
      }
      case 'kill':
      case 'power':
        return this.#crash(action)
      case 'restart':
        await this.#stop()
        if (!this.disk.halted) await this.#replace('kill')
    }
  }

  async #pass(ms: number): Promise<void> {
    this.#clock.advance(ms)
    await turns(this.#random.between(1, 12))
  }

  async #start(): Promise<void> {
    this.#clock = new ManualClock(this.#clock.now() + 1000)
    this.#pipeline = new Pipeline({
      agent: 'a',
      version: '0',
      dataDirectory: '/data/a-0',
      loader: this.#loader(),
      disk: this.disk,
      clock: this.#clock,
      random: this.#random.fork(),
      log: new TestLog(),
      metrics: METRICS,
    })
    // Reading the directories may fail on a disk that fails: the agent is started anew, as by its supervisor.
    const applied = watched(this.#pipeline.apply(this.#plan.agent))
    for (let step = 0; step < CALM_STEPS_MAX && !this.disk.halted; step++) {
      if (applied.outcome === 'done') return
      if (applied.outcome === 'failed') {
        this.disk.faults.clear()
        return this.#start()
      }
      await this.#pass(200)
    }
  }

  async #stop(): Promise<void> {
    const stopped = watched(this.#pipeline!.stop(STOP_MS))
    for (let step = 0; step < CALM_STEPS_MAX; step++) {
      if (stopped.outcome !== undefined || this.disk.halted) return
      await this.#pass(100)
    }
    if (!this.disk.faults.armed) fail('the agent did not stop')
  }

  async #crash(kind: 'kill' | 'power'): Promise<void> {
    this.crashes[kind]++
    await this.#replace(kind)
  }

  /** The next process; the end of the old one frees what it held. */
  async #replace(kind: 'kill' | 'power'): Promise<void> {
    this.#countSealed()
    for (const [what, count] of this.disk.faults.fired) {
      this.#fired.set(what, (this.#fired.get(what) ?? 0) + count)
    }
    this.#target.nextProcess()
    this.#mood.nextProcess()
    const { trace } = this.disk
    this.disk = this.disk.crash(kind)
    this.disk.trace.unshift(...trace, '--- crash ---')
    await this.#start()
  }

  async #finish(): Promise<void> {
    this.disk.onCall = undefined
    this.disk.faults.clear()
    this.disk.capacityBytes = Infinity
    this.#mood.calmDown()
    for (const stream of this.#streams) stream.grow(5)
    await this.#calm()
    this.#checkFiles()
    await this.#crash('power')
    await this.#calm()
    this.#checkFiles()
    await this.#stop()
  }

  /** Until everything was delivered. */
  async #calm(): Promise<void> {
    for (let step = 0; step < CALM_STEPS_MAX; step++) {
      await this.#pass(1000)
      if (this.disk.halted) fail('the disk ended by itself')
      if (this.#arrived() && this.#acknowledged()) return
    }
    const flow = this.#pipeline!.status().flows[0]
    fail(`not everything arrived: ${JSON.stringify(flow)}`)
  }

  #acknowledged(): boolean {
    const flow = this.#pipeline!.status().flows[0]
    return flow?.channels.every(({ stats }) => stats?.backlogEvents === 0) ?? false
  }

  #arrived(): boolean {
    return this.#plan.channels.every((channel) => {
      const lines = new Set(this.#output(channel))
      return this.#expected(channel).every((key) => lines.has(key))
    })
  }

  #expected(channel: string): string[] {
    return this.#streams.flatMap(keysOf).filter((key) => this.#plan.belongs(key, channel))
  }

  /** Each channel has its own directory of files, and in each every event stands once; see also RemoteTarget. */
  #checkFiles(): void {
    const repeated = this.#target.twice
    if (repeated !== undefined) fail(`${repeated} reached its target twice in one process`)
    for (const name of this.#plan.channels) {
      const lines = this.#output(name)
      const counts = new Map<string, number>()
      for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
      for (const key of this.#expected(name)) {
        const count = counts.get(key) ?? 0
        if (count === 0) fail(`${key} is not in the files of channel ${name}`)
        const twice = count > 1 && this.#sealedFiles === 0
        if (twice) fail(`${key} is ${count} times in the files of channel ${name}`)
        counts.delete(key)
        this.eventsChecked++
      }
      const [torn] = counts.keys()
      if (torn !== undefined) fail(`channel ${name}: a line that does not belong there: ${torn}`)
    }
  }

  /** Lines in the files of a channel, or what is in its target elsewhere. */
  #output(channel: string): string[] {
    if (this.#plan.remote.includes(channel)) return [...this.#target.keys]
    return this.disk
      .paths()
      .filter((path) => path.startsWith(`/data/out/${channel}/`))
      .flatMap((path) => this.disk.contentOf(path).toString('latin1').split('\n').slice(0, -1))
  }

  #countSealed(): void {
    for (const flow of this.#pipeline?.status().flows ?? []) {
      for (const { details } of flow.sinks) {
        this.#sealedFiles += Number(details['sealedFilesTotal'] ?? 0)
        this.#sealedFiles += Number(details['sealedAtStart'] ?? 0)
      }
    }
  }

  #loader(): ComponentLoader {
    const options = {
      ...fileChannelOptions({
        segmentSize: SEGMENT_BYTES,
        capacity: SEGMENT_BYTES * 6,
        capacityEvents: undefined,
      }),
      positionsBytesMax: 4096,
      // What the capacity gives is less than the header of a segment.
      reserveFileBytes: 12 * 1024,
      cacheBytesMax: this.#random.pick([0, 1000, 1_000_000]),
    }
    const components = {
      source: async () => ({
        createSource: (config: unknown) =>
          new StreamSource(this.#streams[Number(config)]!, this.#random.fork()),
      }),
      channel: async () => ({
        openChannel: (_config: unknown, context: Parameters<typeof openWith>[1]) =>
          openWith(options, context),
      }),
      interceptor: async () => ({ createInterceptor }),
      selector: async () => replicating,
      sink: async () => ({
        createSink: (config: unknown) =>
          new MoodySink(config as MoodySinkConfig, this.#mood, this.#target),
      }),
      sinkGroup: (type: string) => catalogLoader.sinkGroup(type),
    }
    return components
  }
}

/** Follows a promise without waiting for it. */
function watched(work: Promise<unknown>): { readonly outcome: 'done' | 'failed' | undefined } {
  const state: { outcome: 'done' | 'failed' | undefined } = { outcome: undefined }
  work.then(
    () => (state.outcome = 'done'),
    () => (state.outcome = 'failed'),
  )
  return state
}

function keysOf(stream: GrowingStream): string[] {
  const keys: string[] = []
  for (let index = 0; index < stream.length; index++) {
    for (const { key } of scriptedEvents(stream.name, index)) keys.push(key)
  }
  return keys
}
