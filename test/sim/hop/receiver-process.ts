import type { FileChannelOptions } from '../../../agent/channels/file/options.ts'
import { bodyAt, headerAt } from '../../../agent/core/batch.ts'
import type { Batch } from '../../../agent/core/batch.ts'
import type { Channel, Lease } from '../../../agent/core/channel.ts'
import { FlumeError } from '../../../agent/core/errors.ts'
import { allReceipts } from '../../../agent/core/receipt.ts'
import { tightest } from '../../../agent/pipeline/cut.ts'
import { Intake } from '../../../agent/pipeline/intake.ts'
import { SourceEvents } from '../../../agent/telemetry/events.ts'
import { copyInBody, fail } from '../channel-model.ts'
import { TestLog } from '../flow-parts.ts'
import type { Endpoint } from './network.ts'
import { openChannel } from './node.ts'
import type { AgentProcess, ProcessContext } from './node.ts'
import type { Output } from './output.ts'
import type { Answer, HopRequest } from './request.ts'
import { REQUEST_HEADER, batchesOf } from './request.ts'
import { selectorOf } from './routing.ts'
import type { Routing } from './routing.ts'
import { METRICS } from './world.ts'

const SINK = 'out'
export const CHANNELS = ['c1', 'c2']
/** Steps that a receiver waits for room before it answers FAILED. */
const PATIENCE_STEPS_MAX = 60
/** Steps a sink takes for one lease. */
const DELIVERY_STEPS_MAX = 4

/** What a receiver was told, by channel and stream: the highest floor of what it has stored. */
export type Floors = Map<string, Map<string, number>>

/** What outlives a process of a receiver. */
export interface ReceiverFacts {
  readonly name: string
  readonly frozen: boolean
  /** Its sinks do not get on. */
  readonly stalled: boolean
  readonly routing: Routing
  output(channel: string): Output
  arrived(request: HopRequest, floors: Floors): void
  answeredOk(request: HopRequest, routing: Routing, floors: Floors): void
  deliver(channel: string, key: string, request: number): void
}

interface OpenChannel {
  readonly channel: Channel
  /** Ends its sink. */
  readonly leaving: AbortController
}

/**
 * One life of a receiver: an Avro source without its wire, the pipeline's intake, file channels, and
 * sinks that drain them.
 */
export class ReceiverProcess implements AgentProcess, Endpoint {
  readonly #node: ReceiverFacts
  readonly #context: ProcessContext
  readonly #options: FileChannelOptions
  readonly #channels = new Map<string, OpenChannel>()
  readonly #inFlight = new Map<string, Promise<boolean>>()
  readonly #floors: Floors = new Map()
  readonly #ending = new AbortController()
  #routing: Routing
  #intake: Intake | undefined
  #dead = false

  constructor(node: ReceiverFacts, context: ProcessContext, options: FileChannelOptions) {
    this.#node = node
    this.#context = context
    this.#options = options
    this.#routing = node.routing
  }

  get name(): string {
    return this.#node.name
  }

  get frozen(): boolean {
    return this.#node.frozen || this.rerouting
  }

  /** Between two routings: requests wait. */
  get rerouting(): boolean {
    return this.#intake === undefined
  }

  get backlogEvents(): number {
    let events = 0
    for (const { channel } of this.#channels.values()) events += channel.stats().backlogEvents
    return events
  }

  async start(): Promise<void> {
    const there = await this.#context.disk.list('/data')
    const { channels } = this.#routing
    for (const name of CHANNELS)
      if (there.includes(name) || channels.includes(name)) await this.#open(name)
    this.#intake = this.#makeIntake()
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    this.#intake?.end()
    await this.#intake?.settled()
    for (const { channel, leaving } of this.#channels.values()) {
      leaving.abort()
      await channel.close()
    }
  }

  dead(): void {
    this.#dead = true
    this.#ending.abort()
    for (const { leaving } of this.#channels.values()) leaving.abort()
  }

  /** As a reload: the source stops, what it owes is settled, and a new one begins. */
  async reroute(routing: Routing): Promise<void> {
    const intake = this.#intake!
    intake.end()
    this.#intake = undefined
    this.#inFlight.clear()
    await intake.settled()
    for (const name of routing.channels) if (!this.#channels.has(name)) await this.#open(name)
    if (this.#ending.signal.aborted) return
    this.#routing = routing
    this.#intake = this.#makeIntake()
  }

  /** A channel that the routing does not name goes, with its directory, once it is empty. */
  async removeChannel(): Promise<void> {
    const { disk, world } = this.#context
    for (const [name, { channel, leaving }] of this.#channels) {
      if (this.rerouting || this.#routing.channels.includes(name)) continue
      if (channel.stats().backlogEvents > 0) continue
      world.note(`${this.name}: channel ${name} is removed`)
      this.#channels.delete(name)
      leaving.abort()
      await channel.close()
      const gone = `/data/${name}.${world.step}`
      await disk.rename(`/data/${name}`, gone)
      await disk.syncDirectory('/data')
      for (const file of await disk.list(gone)) await disk.remove(`${gone}/${file}`)
      await disk.remove(gone)
    }
  }

  async handle(request: HopRequest): Promise<Answer> {
    const { world } = this.#context
    const routing = this.#routing
    this.#node.arrived(request, this.#floors)
    const safe = await this.#taken(request)
    if (this.#dead) return new Promise(() => {})
    if (!safe) {
      world.note(`${this.name}: request ${request.id} FAILED`)
      return 'failed'
    }
    this.#node.answeredOk(request, routing, this.#floors)
    return 'ok'
  }

  /** Whether the events are safe. A repeat of a request that is under way waits for the same receipt. */
  #taken(request: HopRequest): Promise<boolean> {
    const name = `${request.stream} ${request.ranges.map(({ first, last }) => `${first}-${last}`).join()}`
    const known = this.#inFlight.get(name)
    if (known !== undefined) return known
    const taken = this.#emit(request)
    this.#inFlight.set(name, taken)
    const settled = (): void => void this.#inFlight.delete(name)
    taken.then(settled, settled)
    return taken
  }

  async #emit(request: HopRequest): Promise<boolean> {
    const intake = this.#intake!
    const { world, random } = this.#context
    const patience = new AbortController()
    void world
      .after(random.between(5, PATIENCE_STEPS_MAX))
      .then(() => patience.abort(new Error('no room in time')))
    try {
      const receipts = batchesOf(request).map((batch) => intake.emit(batch, patience.signal))
      await allReceipts(receipts).safe
      return true
    } catch (error) {
      if (!(error instanceof FlumeError)) throw error
      world.note(`${this.name}: request ${request.id}: ${error.code}`)
      if (error.retryable || this.#ending.signal.aborted) return false
      throw error
    }
  }

  async #open(name: string): Promise<void> {
    const output = this.#node.output(name)
    const isNew = !(await this.#context.disk.list('/data')).includes(name)
    const channel = await openChannel(name, this.#options, this.#context)
    const open = { channel, leaving: new AbortController() }
    this.#channels.set(name, open)
    if (isNew) output.begin([])
    else output.cutTo(Number(channel.sinkState(SINK) ?? 0))
    this.#drain(name, open).catch((error: unknown) => this.#failed(error))
  }

  async #drain(name: string, { channel, leaving }: OpenChannel): Promise<void> {
    const { world, random } = this.#context
    const { signal } = leaving
    while (!signal.aborted) {
      const eventsMax = random.pick([1, 5, 50, 1000])
      let lease: Lease | undefined
      try {
        lease = await channel.take({ sink: SINK, eventsMax, bytesMax: 100_000, signal })
      } catch (error) {
        if (!(error instanceof FlumeError) || !error.retryable) throw error
        await world.after(5)
        continue
      }
      if (lease === undefined) return
      await world.after(random.between(0, world.calm ? 0 : DELIVERY_STEPS_MAX))
      while (this.#node.stalled) await world.after(3)
      if (this.#dead) return
      if (random.chance(0.1)) lease.release()
      else this.#deliver(name, lease)
    }
  }

  #deliver(name: string, lease: Lease): void {
    const output = this.#node.output(name)
    for (const batch of lease.batches)
      for (let i = 0; i < batch.count; i++) this.#deliverEvent(name, batch, i)
    lease.ack(Buffer.from(String(output.length))).catch((error: unknown) => this.#failed(error))
  }

  #deliverEvent(channel: string, batch: Batch, i: number): void {
    const key = copyInBody(bodyAt(batch, i))
    const request = headerAt(batch, i, REQUEST_HEADER) ?? fail(`${key} lost its header on the way`)
    this.#node.deliver(channel, key, Number(request))
  }

  #makeIntake(): Intake {
    const { clock, random } = this.#context
    const { hash, channels } = this.#routing
    const fed = channels.map((name) => [name, this.#channels.get(name)!.channel] as const)
    const intake = new Intake({
      flow: 'flow',
      source: 'in',
      routingHash: hash,
      channels: new Map(
        fed.map(([name, channel]) => [
          name,
          { channel, append: (batch, room) => channel.append(batch, room) },
        ]),
      ),
      requiredChannels: channels,
      interceptors: [],
      selector: selectorOf(this.#routing),
      limits: tightest(fed.map(([, channel]) => channel.limits)),
      clock,
      random: random.fork(),
      events: new SourceEvents('flow', 'in', { log: new TestLog(), metrics: METRICS }),
    })
    intake.begin(`1.${hash}`, [])
    return intake
  }

  #failed(error: unknown): void {
    if (this.#dead || (this.#ending.signal.aborted && error instanceof FlumeError)) return
    this.#context.world.fail(error)
  }
}
