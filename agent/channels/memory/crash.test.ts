import { expect, it } from 'vitest'
import { ManualClock, turns } from '../../../test/sim/clock.ts'
import { SimDisk } from '../../../test/sim/disk.ts'
import { SeededRandom } from '../../../test/sim/random.ts'
import { batchOf, bodyAt } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import type { Channel, Lease } from '../../core/channel.ts'
import type { Logger } from '../../core/logger.ts'
import { openChannel } from './channel.ts'
import { memoryChannelSchema } from './config.ts'

/*
 * A source that can read again, a memory channel, and a target that a sink appends to. The process is
 * killed, or the power fails, in the middle of anything; then all three start again.
 */

const EVENTS = 60
const STREAM = 'numbers'
const never = new AbortController().signal
const SEEDS = Array.from({ length: 100 }, (_, seed) => seed)

const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
}

class World {
  readonly random: SeededRandom
  readonly clock = new ManualClock()
  /** What the sink delivered; as durable as its target is. */
  readonly target: number[] = []
  disk: SimDisk
  channel!: Channel
  /** Offset the source reads next. */
  next = 0
  crashes = 0

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.disk = new SimDisk({ random: this.random, latency: 'none' })
  }

  async start(): Promise<void> {
    this.channel = await openChannel(memoryChannelSchema.parse({ capacity: 10 }), {
      name: 'c1',
      flow: 'f1',
      clock: this.clock,
      random: this.random,
      disk: this.disk,
      log: silent,
      directory: '/data/c1',
    })
    this.next = this.channel.positions().get(STREAM)?.offset ?? 0
  }

  async crash(): Promise<void> {
    this.crashes++
    this.disk = this.disk.crash(this.random.number() < 0.5 ? 'kill' : 'power')
    await this.start()
  }

  /** An integer from 1 to `max`. */
  upTo(max: number): number {
    return 1 + Math.floor(this.random.number() * max)
  }

  /** Reads on, if the channel has room. */
  emit(): void {
    const count = Math.min(this.upTo(6), EVENTS - this.next)
    const free = 10 - this.channel.stats().backlogEvents
    if (count > free || count === 0) return
    const batch = numbers(this.next, count)
    this.next += count
    void this.channel
      .reserve({ events: count, bytes: batch.bodies.length }, never)
      .then((reservation) => this.channel.append(batch, reservation))
  }

  async take(): Promise<Lease | undefined> {
    const signal = AbortSignal.abort()
    const { backlogEvents, leasedEvents } = this.channel.stats()
    if (backlogEvents === leasedEvents) return undefined
    const options = { sink: 'out', eventsMax: this.upTo(5), bytesMax: 1000 }
    return this.channel.take({ ...options, signal: backlogEvents > 0 ? never : signal })
  }

  async pass(): Promise<void> {
    await turns(1)
    this.clock.advance(this.upTo(15))
    await turns(this.upTo(3))
  }
}

function numbers(first: number, count: number): Batch {
  const offsets = Float64Array.from({ length: count }, (_, i) => first + i + 1)
  const origin = { stream: STREAM, from: first, to: first + count, offsets, memo: '', routing: 'g' }
  const events = Array.from({ length: count }, (_, i) => ({ body: Buffer.from(`${first + i}`) }))
  return batchOf(events, origin)
}

function numbersOf(lease: Lease): number[] {
  return lease.batches.flatMap((batch) =>
    Array.from({ length: batch.count }, (_, i) => Number(bodyAt(batch, i).toString())),
  )
}

const stateOf = (length: number): Buffer => Buffer.from(`${length}`)

it.each(SEEDS)('loses and repeats nothing with a sink that keeps state, seed %i', async (seed) => {
  const world = new World(seed)
  await world.start()
  let durable = 0
  const acknowledge = async (lease: Lease, length: number): Promise<void> => {
    await lease.ack(stateOf(length))
    durable = Math.max(durable, length)
  }
  const crash = async (): Promise<void> => {
    await world.crash()
    const length = Number(world.channel.sinkState('out')?.toString() ?? '0')
    expect(length).toBeGreaterThanOrEqual(durable)
    world.target.length = length
  }
  for (let step = 0; world.target.length < EVENTS; step++) {
    expect(step).toBeLessThan(2000)
    world.emit()
    await world.pass()
    const lease = await world.take()
    if (lease !== undefined && world.random.number() < 0.2) lease.release()
    else if (lease !== undefined) {
      world.target.push(...numbersOf(lease))
      if (world.random.number() < 0.9) {
        void acknowledge(lease, world.target.length)
      } else {
        // Written, and killed before the acknowledgement.
        await crash()
      }
    }
    if (step === 9 || (world.crashes < 12 && world.random.number() < 0.1)) {
      await crash()
    }
  }
  expect(world.target).toEqual(Array.from({ length: EVENTS }, (_, i) => i))
  expect(world.crashes).toBeGreaterThan(0)
})

it.each(SEEDS)('loses nothing with acknowledgements in any order, seed %i', async (seed) => {
  const world = new World(1000 + seed)
  await world.start()
  let leases: Lease[] = []
  const delivered = (): boolean => new Set(world.target).size === EVENTS
  for (let step = 0; !delivered(); step++) {
    expect(step).toBeLessThan(5000)
    world.emit()
    await world.pass()
    const taken = await world.take()
    if (taken !== undefined) leases.push(taken)
    if (leases.length > 0 && world.random.number() < 0.6) {
      const [lease] = leases.splice(world.upTo(leases.length) - 1, 1)
      if (world.random.number() < 0.2) lease!.release()
      else {
        world.target.push(...numbersOf(lease!))
        void lease!.ack()
      }
    }
    if (step === 9 || (world.crashes < 12 && world.random.number() < 0.1)) {
      await world.crash()
      leases = []
    }
  }
  expect([...new Set(world.target)].sort((a, b) => a - b)).toEqual(
    Array.from({ length: EVENTS }, (_, i) => i),
  )
})
