import type { FileChannelOptions } from '../../../agent/channels/file/options.ts'
import { bodyAt, headerAt } from '../../../agent/core/batch.ts'
import type { Batch } from '../../../agent/core/batch.ts'
import type { Channel, Lease } from '../../../agent/core/channel.ts'
import { FlumeError } from '../../../agent/core/errors.ts'
import type { Intake } from '../../../agent/pipeline/intake.ts'
import { copyInBody, fail } from '../channel-model.ts'
import type { Link } from './link.ts'
import type { Endpoint } from './network.ts'
import { openChannel } from './node.ts'
import type { AgentProcess, ProcessContext } from './node.ts'
import type { Arrival } from './oracle.ts'
import type { Output } from './output.ts'
import { intakeOf } from './receiver-intake.ts'
import { REQUEST_HEADER, ReceiverSource } from './receiver-source.ts'
import type { Routing } from './routing.ts'
import { STEP_MS } from './world.ts'

const SINK = 'out'
export const CHANNELS = ['c1', 'c2']
/** Steps that events wait for room before they are answered FAILED. */
const ROOM_TIMEOUT_STEPS_MAX = 60
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
  arrived(request: Arrival, floors: Floors): void
  answeredOk(request: Arrival, routing: Routing, floors: Floors): void
  deliver(channel: string, key: string, request: number): void
}

export interface ReceiverShape {
  /** undefined: channels in memory. */
  readonly channel: FileChannelOptions | undefined
  /** Above it nothing more is read from connections. */
  readonly inFlightBytesMax: number
}

interface OpenChannel {
  readonly channel: Channel
  /** Ends its sink. */
  readonly leaving: AbortController
}

/**
 * One life of a receiver: an Avro source without its socket, the pipeline's intake, file channels, and
 * sinks that drain them.
 */
export class ReceiverProcess implements AgentProcess, Endpoint {
  readonly #node: ReceiverFacts
  readonly #context: ProcessContext
  readonly #options: ReceiverShape
  readonly #channels = new Map<string, OpenChannel>()
  readonly #floors: Floors = new Map()
  readonly #ending = new AbortController()
  #routing: Routing
  #intake: Intake | undefined
  #source: ReceiverSource | undefined
  #changes: Promise<void> = Promise.resolve()
  #dead = false

  constructor(node: ReceiverFacts, context: ProcessContext, options: ReceiverShape) {
    this.#node = node
    this.#context = context
    this.#options = options
    this.#routing = node.routing
  }

  get name(): string {
    return this.#node.name
  }

  get frozen(): boolean {
    return this.#node.frozen
  }

  /** Between two routings: it does not listen. */
  get rerouting(): boolean {
    return this.#intake === undefined
  }

  get backlogEvents(): number {
    let events = 0
    for (const { channel } of this.#channels.values()) events += channel.stats().backlogEvents
    return events
  }

  async start(): Promise<void> {
    // What a removal left in the page cache must not come back once it was seen.
    await this.#context.disk.syncDirectory('/data')
    const there = await this.#context.disk.list('/data')
    const { channels } = this.#routing
    for (const name of CHANNELS)
      if (there.includes(name) || channels.includes(name)) await this.#open(name)
    this.#begin(this.#routing)
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    await this.#changes
    await this.#end()
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
  reroute(routing: Routing): Promise<void> {
    return this.#change(async () => {
      await this.#end()
      for (const name of routing.channels) if (!this.#channels.has(name)) await this.#open(name)
      if (!this.#ending.signal.aborted) this.#begin(routing)
    })
  }

  /** A channel that the routing does not name goes, with its directory, once it is empty. */
  removeChannel(): Promise<void> {
    return this.#change(() => this.#remove())
  }

  /** One change after the other. */
  #change(work: () => Promise<void>): Promise<void> {
    this.#changes = this.#changes.then(() => (this.#ending.signal.aborted ? undefined : work()))
    return this.#changes
  }

  async #remove(): Promise<void> {
    const { disk, world } = this.#context
    for (const [name, { channel, leaving }] of this.#channels) {
      if (this.#routing.channels.includes(name) || this.#dead) continue
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

  accept(link: Link): boolean {
    this.#source?.accept(link)
    return this.#source !== undefined
  }

  async #open(name: string): Promise<void> {
    const output = this.#node.output(name)
    const isNew = !(await this.#context.disk.list('/data')).includes(name)
    // Kept, and a new channel begins.
    if (isNew) output.begin([])
    const channel = await openChannel(name, this.#options.channel, this.#context)
    const open = { channel, leaving: new AbortController() }
    this.#channels.set(name, open)
    output.cutTo(Number(channel.sinkState(SINK) ?? 0))
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
    lease.ack(Buffer.from(String(output.length))).catch((error: unknown) => {
      // In memory it stands all the same, and goes to disk with the next one.
      if (this.#options.channel !== undefined || !(error instanceof FlumeError)) this.#failed(error)
    })
  }

  #deliverEvent(channel: string, batch: Batch, i: number): void {
    const key = copyInBody(bodyAt(batch, i))
    const request = headerAt(batch, i, REQUEST_HEADER) ?? fail(`${key} lost its header on the way`)
    this.#node.deliver(channel, key, Number(request))
  }

  #begin(routing: Routing): void {
    const { world, clock, random } = this.#context
    const intake = intakeOf(routing, (name) => this.#channels.get(name)!.channel, this.#context)
    this.#routing = routing
    this.#intake = intake
    this.#source = new ReceiverSource({
      name: this.name,
      world,
      clock,
      emit: (batch, signal) => intake.emit(batch, signal),
      inFlightBytesMax: this.#options.inFlightBytesMax,
      roomTimeoutMs: random.between(3, ROOM_TIMEOUT_STEPS_MAX) * STEP_MS,
      arrived: (request) => this.#node.arrived(request, this.#floors),
      answered: (request, answer) => {
        if (this.#dead || answer === 'FAILED') return
        if (answer !== 'OK') fail(`${this.name} answered ${answer}`)
        this.#node.answeredOk(request, routing, this.#floors)
      },
    })
  }

  /** No more requests; what is under way is answered, or given back. */
  async #end(): Promise<void> {
    const source = this.#source
    const intake = this.#intake
    this.#source = undefined
    this.#intake = undefined
    if (this.#context.random.chance(0.5)) intake?.end()
    await source?.stop()
    intake?.end()
    await intake?.settled()
  }

  #failed(error: unknown): void {
    if (this.#dead || (this.#ending.signal.aborted && error instanceof FlumeError)) return
    this.#context.world.fail(error)
  }
}
