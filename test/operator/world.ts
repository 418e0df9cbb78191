import { Registry } from 'prom-client'
import type { FlumeError } from '../../agent/core/errors.ts'
import { sleep, systemClock } from '../../agent/lib/clock.ts'
import { systemRandom } from '../../agent/lib/random.ts'
import { until } from '../../hack/cluster/until.ts'
import { Operator } from '../../operator/controller/operator.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import type { Write, WriteGuard } from '../../operator/kube/writes.ts'
import { metricOf } from '../kube/fixture.ts'
import { TestLog } from '../sim/flow-parts.ts'
import { SeededRandom } from '../sim/random.ts'
import { fastClock } from './clock.ts'
import type { TestCluster } from './cluster.ts'
import { Hands } from './hands.ts'
import { ApiProxy } from './proxy.ts'
import type { ProxyFaults } from './proxy.ts'

/** What goes wrong in a run. */
export interface Faults extends ProxyFaults {
  /** After these writes, counted from the first, the operator ends before it learns of the answer; another one starts. */
  readonly crashAfter?: readonly number[]
  /** An operator that starts again sees the oldest lists there were. */
  readonly staleStart?: boolean
  /** Of what is left to chance. */
  readonly seed?: number
}

const SECONDS_MAX = 60
const REST_MS = 1_000
/** Periods of the operator pass this much faster. */
const SPEED = 5
export const IMAGE = 'flume-operator:test'

let worlds = 0

/**
 * One namespace with an operator of its own, of which several may run at the same time on one cluster, and
 * the hands of a user.
 */
export class World extends Hands {
  readonly log = new TestLog()
  /** Operators that ended in the middle. */
  crashes = 0
  /** What operators wrote, in order. */
  readonly writes: string[] = []
  readonly #faults: Faults
  readonly #proxy: ApiProxy
  #operator: Operator | undefined
  #registry = new Registry()
  #starts = 0
  #restarting: Promise<void> = Promise.resolve()

  private constructor(cluster: TestCluster, proxy: ApiProxy, faults: Faults) {
    super(cluster, `run-${process.pid}-${worlds++}`)
    this.#proxy = proxy
    this.#faults = faults
  }

  static async start(cluster: TestCluster, faults: Faults = {}): Promise<World> {
    const random = new SeededRandom(faults.seed ?? 1)
    const proxy = await ApiProxy.start(cluster.server, random)
    const world = new World(cluster, proxy, faults)
    await world.makeNamespace()
    world.#proxy.setFaults(faults)
    await world.startOperator()
    return world
  }

  async stop(): Promise<void> {
    await this.#restarting
    await this.stopOperator()
    await this.#proxy.close()
  }

  /** By which the requests of the operator are known that runs now. */
  get #version(): string {
    return `0.0.${this.#starts}`
  }

  async startOperator(): Promise<void> {
    this.#starts++
    this.#registry = new Registry()
    const operator = new Operator({
      server: this.#proxy.server,
      namespaces: [this.namespace],
      image: IMAGE,
      identity: 'test',
      version: this.#version,
      concurrency: 4,
      onLost: (error: FlumeError) => this.log.error({ error }, 'the lead was lost'),
      writes: this.#guard(),
      registry: this.#registry,
      clock: fastClock(SPEED),
      random: systemRandom,
      log: this.log,
    })
    this.#operator = operator
    // A fault may meet its first request too: the process would be started again.
    await until('the operator starts', SECONDS_MAX, async () => {
      try {
        await operator.start()
        return true
      } catch (error) {
        this.log.warn({ error }, 'start failed')
        return false
      }
    })
  }

  async stopOperator(): Promise<void> {
    await this.#operator?.stop()
    this.#operator = undefined
  }

  /** How often agents were asked by the operator that runs now. */
  async polls(): Promise<number> {
    return metricOf(this.#registry, 'flume_operator_agent_polls_total', { result: 'answered' })
  }

  /** The faults of the proxy are over. */
  endFaults(): void {
    this.#proxy.setFaults({})
  }

  /** What is to be written while the agents are asked so many times, or some time passes where there are none. */
  async rest(polls: number): Promise<readonly string[]> {
    const hasAgents = (await this.list(RESOURCES.pods)).length > 0
    if (hasAgents) return this.quiet(polls)
    return this.#changesDuring(() => sleep(systemClock, REST_MS))
  }

  /** What is to be written while the agents are asked so many times. */
  quiet(polls: number): Promise<readonly string[]> {
    return this.#changesDuring(() => this.#asked(polls))
  }

  /** What another operator writes that takes the place of this one, where nothing is to be done. */
  restart(polls: number): Promise<readonly string[]> {
    return this.#changesDuring(async () => {
      await this.stopOperator()
      await this.startOperator()
      await this.rest(polls)
    })
  }

  async #asked(polls: number): Promise<void> {
    const start = await this.polls()
    await this.until(`${polls} questions`, async () => (await this.polls()) >= start + polls)
  }

  async #changesDuring(work: () => Promise<unknown>): Promise<readonly string[]> {
    const before = this.#proxy.changes.length
    await work()
    // One that was stopped tells at its end how often it has seen what it told of before.
    const userAgent = `flume-operator/${this.#version}`
    const changes = this.#proxy.changes.slice(before)
    return changes.filter((each) => each.userAgent === userAgent).map(({ what }) => what)
  }

  protected override clues(): readonly string[] {
    const lines = this.log.lines
      .slice(-20)
      .map(({ message, fields }) => `${message} ${describe(fields)}`)
    return [...lines, ...this.writes.slice(-20)]
  }

  /** Of one operator: it counts the writes of all, and is dead after the one that it must not survive. */
  #guard(): WriteGuard {
    let dead = false
    return {
      before: () => {
        if (dead) throw new Error('this operator has ended')
      },
      after: (write) => {
        if (dead) throw new Error('this operator has ended')
        this.writes.push(describeWrite(write))
        if (this.#faults.crashAfter?.includes(this.writes.length) !== true) return
        dead = true
        this.crashes++
        this.#restarting = this.#restarting.then(() => this.#restart())
        throw new Error('this operator ends here')
      },
    }
  }

  async #restart(): Promise<void> {
    await this.stopOperator()
    if (this.#faults.staleStart === true) this.#proxy.staleStart()
    await this.startOperator()
  }
}

function describeWrite({ verb, type, name, subresource }: Write): string {
  return [verb, type.kind, name.name, subresource].filter((part) => part !== undefined).join(' ')
}

function describe(fields: object): string {
  const { error, ...others } = fields as { error?: Error }
  return `${JSON.stringify(others)} ${error?.message ?? ''}`
}
