import type { FileChannelOptions } from '../../../agent/channels/file/options.ts'
import { batchOf, bodyAt } from '../../../agent/core/batch.ts'
import type { Channel, Lease } from '../../../agent/core/channel.ts'
import { FlumeError } from '../../../agent/core/errors.ts'
import { bodyOf, copyInBody } from '../channel-model.ts'
import { openChannel } from './node.ts'
import type { AgentProcess, ProcessContext } from './node.ts'
import type { Output } from './output.ts'
import { SenderClient } from './sender-client.ts'
import type { Peer, SenderClientShape } from './sender-client.ts'

const EVENTS_MAX = 8
const FILLER_MAX = 40
/** Steps that a source waits for room. */
const EMIT_STEPS_MAX = 30
/** Steps between a failed write and the next. */
const BACKOFF_STEPS_MAX = 10

const NEXT = 'next'
const FILE = 'file'

export interface SenderShape {
  readonly options: FileChannelOptions
  readonly channels: readonly string[]
  /** Writes that a sink works on at a time. */
  readonly writesMax: number
  readonly client: SenderClientShape
  /** Beside the hop it has a sink that writes a file, most often for when the receivers fail it. */
  readonly writesFile: boolean
}

/** What outlives a process of a sender. */
export interface SenderFacts {
  readonly name: string
  nextKeys(count: number): string[]
  readonly peers: readonly Peer[]
  /** The file that the second sink of a channel writes. */
  file(channel: string): Output
}

interface NamedChannel {
  readonly name: string
  readonly channel: Channel
  /** Of the sink that hands over. */
  readonly client: SenderClient
}

/** One life of a sender: file channels, and the loops of a sink that hands over what is in them. */
export class SenderProcess implements AgentProcess {
  readonly #node: SenderFacts
  readonly #context: ProcessContext
  readonly #shape: SenderShape
  readonly #channels: NamedChannel[] = []
  readonly #ending = new AbortController()
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
      const parts = { peers: this.#node.peers, shape: this.#shape.client }
      const client = new SenderClient(`${this.#node.name}/${name}`, this.#context, parts)
      const named = { name, channel, client }
      this.#channels.push(named)
      for (let slot = 0; slot < this.#shape.writesMax; slot++)
        this.#work(named).catch((error: unknown) => this.#failed(error))
    }
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    for (const { channel, client } of this.#channels) {
      client.stop()
      await channel.close()
    }
  }

  dead(): void {
    this.#dead = true
    for (const { client } of this.#channels) client.leave()
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
  async #work({ name, channel, client }: NamedChannel): Promise<void> {
    const { world, random } = this.#context
    const { signal } = this.#ending
    let failed = false
    while (!signal.aborted && !this.#dead) {
      const toFile: boolean = this.#shape.writesFile && random.chance(failed ? 0.5 : 0.2)
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
      const keys = this.#leased(lease)
      const state = toFile ? this.#writeFile(name, keys) : undefined
      failed = !toFile && !(await this.#write(client, lease))
      if (this.#dead) return
      if (failed) {
        lease.release()
        await world.after(random.between(0, BACKOFF_STEPS_MAX))
      } else this.#acknowledge(lease, keys, state)
    }
  }

  #leased(lease: Lease): string[] {
    const { oracle } = this.#context.world
    return lease.batches.flatMap((batch) => {
      const { stream, first } = batch.ids!
      return Array.from({ length: batch.count }, (_, i) => {
        const key = copyInBody(bodyAt(batch, i))
        oracle.leased(key, stream, first + i)
        return key
      })
    })
  }

  /** As the file sink: what is behind the acknowledged length goes when the sink starts again. */
  #writeFile(channel: string, keys: readonly string[]): Buffer {
    const { oracle } = this.#context.world
    const file = this.#node.file(channel)
    oracle.written(keys, file.name)
    for (const key of keys) file.push(key, true)
    return Buffer.from(String(file.length))
  }

  /** Whether receivers have all of it. */
  async #write(client: SenderClient, lease: Lease): Promise<boolean> {
    try {
      await client.write(lease.batches, this.#ending.signal)
      return true
    } catch (error) {
      if (error instanceof FlumeError && error.retryable) return false
      throw error
    }
  }

  #acknowledge(lease: Lease, keys: readonly string[], state: Buffer | undefined): void {
    const { oracle } = this.#context.world
    oracle.acknowledging(keys)
    const durable = (): void => {
      if (!this.#dead) oracle.acknowledged(keys)
    }
    lease.ack(state).then(durable, (error: unknown) => this.#failed(error))
  }

  #failed(error: unknown): void {
    if (this.#dead || (this.#ending.signal.aborted && error instanceof FlumeError)) return
    this.#context.world.fail(error)
  }
}
