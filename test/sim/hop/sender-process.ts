import type { FileChannelOptions } from '../../../agent/channels/file/options.ts'
import { batchOf } from '../../../agent/core/batch.ts'
import type { Channel, Lease } from '../../../agent/core/channel.ts'
import { FlumeError } from '../../../agent/core/errors.ts'
import { bodyOf, copyInBody } from '../channel-model.ts'
import type { Connection, Endpoint } from './network.ts'
import { openChannel } from './node.ts'
import type { AgentProcess, ProcessContext } from './node.ts'
import type { Output } from './output.ts'
import type { HopRequest, SentEvent } from './request.ts'
import { eventsOfLease, requestOf } from './request.ts'

const EVENTS_MAX = 8
const FILLER_MAX = 40
/** Steps that a source waits for room. */
const EMIT_STEPS_MAX = 30
/** Steps between a failed write and the next. */
const BACKOFF_STEPS_MAX = 10
const CONNECTIONS_MAX = 2
/** With nothing in the way an answer comes in time, or those that are given up would pile up for ever. */
const CALM_TIMEOUT_STEPS = 400

const NEXT = 'next'
const FILE = 'file'

export interface SenderShape {
  readonly options: FileChannelOptions
  readonly channels: readonly string[]
  /** Writes that a sink works on at a time. */
  readonly writesMax: number
  /** Steps that an answer may take. */
  readonly timeoutSteps: number
  /** 'failover': stays with a receiver until it fails; 'balance': any, for each write. */
  readonly policy: 'failover' | 'balance'
  /** Beside the hop it has a sink that writes a file, for when the receivers fail it. */
  readonly writesFile: boolean
}

/** What outlives a process of a sender. */
export interface SenderFacts {
  readonly name: string
  nextKeys(count: number): string[]
  nextRequest(): number
  /** The receiver for the next write. */
  choose(): number
  failed(receiver: number): void
  /** What listens there, if anything. */
  endpoint(receiver: number): Endpoint | undefined
  connect(endpoint: Endpoint): Connection
  /** The file that the second sink of a channel writes. */
  file(channel: string): Output
}

interface NamedChannel {
  readonly name: string
  readonly channel: Channel
}

/** One life of a sender: file channels, and the loops of a sink that hands over what is in them. */
export class SenderProcess implements AgentProcess {
  readonly #node: SenderFacts
  readonly #context: ProcessContext
  readonly #shape: SenderShape
  readonly #channels: NamedChannel[] = []
  readonly #ending = new AbortController()
  readonly #connections: Connection[] = []
  #dead = false

  constructor(node: SenderFacts, context: ProcessContext, shape: SenderShape) {
    this.#node = node
    this.#context = context
    this.#shape = shape
  }

  get backlogEvents(): number {
    return this.#channels.reduce((sum, { channel }) => sum + channel.stats().backlogEvents, 0)
  }

  async start(): Promise<void> {
    for (const name of this.#shape.channels) {
      const channel = await openChannel(name, this.#shape.options, this.#context)
      this.#node.file(name).cutTo(Number(channel.sinkState(FILE) ?? 0))
      const named = { name, channel }
      this.#channels.push(named)
      for (let slot = 0; slot < this.#shape.writesMax; slot++)
        this.#work(named).catch((error: unknown) => this.#failed(error))
    }
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    this.#giveUp()
    for (const { channel } of this.#channels) await channel.close()
  }

  dead(): void {
    this.#dead = true
    this.#ending.abort()
    this.#giveUp()
  }

  /** Events of a source that cannot read again: each is sent into the channel once. */
  emit(): void {
    const { random } = this.#context
    const keys = this.#node.nextKeys(random.between(1, EVENTS_MAX))
    this.#append(random.pick(this.#channels).channel, keys).catch((error: unknown) =>
      this.#failed(error),
    )
  }

  async #append(channel: Channel, keys: readonly string[]): Promise<void> {
    const { world, random } = this.#context
    const { oracle } = world
    const batch = batchOf(
      keys.map((key) => ({ body: bodyOf(key, FILLER_MAX), headers: { key, of: this.#node.name } })),
    )
    oracle.appending(this.#node.name, keys)
    const patience = new AbortController()
    void world
      .after(random.between(1, EMIT_STEPS_MAX))
      .then(() => patience.abort(new Error('late')))
    let outcome: 'safe' | 'absent' | 'maybe' = 'absent'
    try {
      const need = { events: batch.count, bytes: batch.bodies.length }
      const room = await channel.reserve(need, patience.signal)
      if (this.#dead) return
      await channel.append(batch, room).safe
      outcome = 'safe'
    } catch (error) {
      if (!(error instanceof FlumeError) && !patience.signal.aborted) throw error
      if (error instanceof FlumeError && error.outcome === 'unknown') outcome = 'maybe'
    }
    if (this.#dead) return
    world.note(`${this.#node.name}: ${keys[0]} … ${keys.at(-1)} ${outcome}`)
    oracle.appended(keys, outcome)
  }

  /** As a sink and its runner: takes, writes, acknowledges or releases, until the process ends. */
  async #work({ name, channel }: NamedChannel): Promise<void> {
    const { world, random } = this.#context
    const { signal } = this.#ending
    let failed = false
    while (!signal.aborted) {
      const toFile: boolean = failed && this.#shape.writesFile && random.chance(0.6)
      let lease: Lease | undefined
      try {
        const eventsMax = random.pick([1, 3, 10, 40])
        const sink = toFile ? FILE : NEXT
        lease = await channel.take({ sink, eventsMax, bytesMax: 100_000, signal })
      } catch (error) {
        if (!(error instanceof FlumeError) || !error.retryable) throw error
        await world.after(5)
        continue
      }
      if (lease === undefined || this.#dead) return
      const events = eventsOfLease(lease.batches, copyInBody)
      for (const { key, stream, sequence } of events) world.oracle.leased(key, stream, sequence)
      const state = toFile ? this.#writeFile(name, events) : undefined
      failed = !toFile && !(await this.#write(events))
      if (this.#dead) return
      if (failed) {
        lease.release()
        await world.after(random.between(0, BACKOFF_STEPS_MAX))
      } else this.#acknowledge(lease, events, state)
    }
  }

  /** As the file sink: what is behind the acknowledged length goes when the sink starts again. */
  #writeFile(channel: string, events: readonly SentEvent[]): Buffer {
    const { oracle } = this.#context.world
    const file = this.#node.file(channel)
    const keys = events.map(({ key }) => key)
    oracle.written(keys, file.name)
    for (const key of keys) file.push(key, true)
    return Buffer.from(String(file.length))
  }

  /** Whether a receiver has all of it. */
  async #write(events: readonly SentEvent[]): Promise<boolean> {
    const { oracle } = this.#context.world
    const keys = events.map(({ key }) => key)
    const receiver = this.#node.choose()
    const results = this.#cut(events).map((request) => this.#send(request, receiver))
    const done = (await Promise.all(results)).every((ok) => ok)
    if (this.#dead || done) return done
    oracle.gaveUp(keys)
    this.#node.failed(receiver)
    return false
  }

  #acknowledge(lease: Lease, events: readonly SentEvent[], state: Buffer | undefined): void {
    const { oracle } = this.#context.world
    const keys = events.map(({ key }) => key)
    oracle.acknowledging(keys)
    const durable = (): void => {
      if (!this.#dead) oracle.acknowledged(keys)
    }
    lease.ack(state).then(durable, (error: unknown) => this.#failed(error))
  }

  /** Requests of one stream each, cut in other places each time. */
  #cut(events: readonly SentEvent[]): HopRequest[] {
    const { random } = this.#context
    const requests: HopRequest[] = []
    for (let from = 0; from < events.length;) {
      const { stream } = events[from]!
      const most = random.chance(0.5) ? events.length : random.between(1, events.length)
      let to = from + 1
      while (to < events.length && to - from < most && events[to]!.stream === stream) to++
      requests.push(requestOf(this.#node.nextRequest(), this.#node.name, events.slice(from, to)))
      from = to
    }
    return requests
  }

  /** Whether it was answered OK in time. */
  async #send(request: HopRequest, receiver: number): Promise<boolean> {
    const { world } = this.#context
    const connection = this.#connection(receiver)
    if (connection === undefined) return false
    world.oracle.sending(request, connection.endpoint.name)
    const answer = connection.send(request)
    let settled = false
    const patience = world.calm ? CALM_TIMEOUT_STEPS : this.#shape.timeoutSteps
    void world.after(patience).then(() => settled || connection.giveUp())
    const result = await answer
    settled = true
    if (!this.#dead) world.note(`${this.#node.name}: request ${request.id} ${result}`)
    return result === 'ok'
  }

  /** One of several, so that requests overtake each other. undefined: nobody listens. */
  #connection(receiver: number): Connection | undefined {
    const endpoint = this.#node.endpoint(receiver)
    if (endpoint === undefined || this.#dead) return undefined
    const open = this.#connections.filter((each) => each.open)
    this.#connections.splice(0, Infinity, ...open)
    const there = open.filter((each) => each.endpoint === endpoint)
    const { random } = this.#context
    if (there.length >= CONNECTIONS_MAX || (there.length > 0 && random.chance(0.5)))
      return random.pick(there)
    const made = this.#node.connect(endpoint)
    this.#connections.push(made)
    return made
  }

  #giveUp(): void {
    for (const connection of this.#connections) connection.giveUp()
  }

  #failed(error: unknown): void {
    if (this.#dead || (this.#ending.signal.aborted && error instanceof FlumeError)) return
    this.#context.world.fail(error)
  }
}
