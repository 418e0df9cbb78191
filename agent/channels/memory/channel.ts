import { bodyBytes, slice } from '../../core/batch.ts'
import type { Batch, Position } from '../../core/batch.ts'
import type { ChannelContext } from '../../core/channel-context.ts'
import { checkSinkState } from '../../core/channel.ts'
import type {
  BatchSize,
  Channel,
  ChannelLimits,
  ChannelStats,
  Lease,
  Reservation,
  TakeOptions,
} from '../../core/channel.ts'
import { FlumeError, toFlumeError } from '../../core/errors.ts'
import { receipt } from '../../core/receipt.ts'
import type { Receipt } from '../../core/receipt.ts'
import type { MemoryChannelConfig } from './config.ts'
import { Delivery } from './delivery.ts'
import { Fifo } from './fifo.ts'
import { MemoryLease } from './lease.ts'
import { openPositionsLog } from './positions-log.ts'
import type { PositionsLog } from './positions-log.ts'
import { Ready, splitRuns } from './ready.ts'
import type { Run } from './ready.ts'
import { Room } from './room.ts'
import { Senders } from './senders.ts'
import { Streams } from './streams.ts'

/**
 * Keeps events in memory. What a source can read again is not lost at a crash even so: the position
 * of a stream moves when its events are delivered, and is kept on disk together with sink state.
 */
export async function openChannel(
  config: MemoryChannelConfig,
  context: ChannelContext,
): Promise<Channel> {
  return new MemoryChannel(config, context, await openPositionsLog(context))
}

interface Taker {
  readonly options: TakeOptions
  readonly resolve: (lease: Lease | undefined) => void
}

class MemoryChannel implements Channel {
  readonly limits: ChannelLimits
  readonly #config: MemoryChannelConfig
  readonly #context: ChannelContext
  readonly #log: PositionsLog
  readonly #streams: Streams
  readonly #senders = new Senders()
  readonly #room: Room
  readonly #ready = new Ready()
  /** In order of arrival, until delivered; tells the oldest. */
  readonly #undelivered = new Fifo<Delivery>()
  /** Those whose *safe* is still open. */
  readonly #unsafe = new Set<Delivery>()
  readonly #epoch: string
  #takers: Taker[] = []
  #next = 0
  #closed = false
  #backlog = { events: 0, bytes: 0 }
  #leasedEvents = 0
  #redeliveredEvents = 0
  #acknowledgedEvents = 0

  constructor(config: MemoryChannelConfig, context: ChannelContext, log: PositionsLog) {
    this.#config = config
    this.#context = context
    this.#log = log
    this.#streams = new Streams(log.positions())
    this.#room = new Room({ events: config.capacity, bytes: config.byteCapacity })
    this.#epoch = context.random.bytes(16).toString('hex')
    this.limits = {
      batchEventsMax: config.transactionCapacity ?? config.capacity,
      batchBytesMax: config.byteCapacity,
    }
  }

  reserve(need: BatchSize, signal: AbortSignal): Promise<Reservation> {
    return this.#room.reserve(need, signal)
  }

  append(batch: Batch, reservation: Reservation): Receipt {
    if (this.#closed) {
      reservation.release()
      const refused = Promise.reject(this.#closedError())
      return receipt(refused, refused)
    }
    if (batch.origin?.floor !== undefined) return this.#appendFromSender(batch, reservation)
    const known = batch.origin === undefined ? 0 : this.#streams.known(batch.origin)
    const delivery = new Delivery(
      this.#own(slice(batch, known, batch.count)),
      known > 0 || batch.count === 0,
    )
    this.#unsafe.add(delivery)
    if (delivery.batch.origin !== undefined) this.#streams.add(delivery)
    if (delivery.batch.count > 0) this.#enqueue(delivery)
    else void this.#settle([delivery], undefined)
    // Last, so that a waiter is not given room that the batch has just taken.
    reservation.release()
    return receipt(Promise.resolve(), delivery.safe.promise)
  }

  /** A repeat is as safe as what it repeats, which may still be waiting for its sink. */
  #appendFromSender(batch: Batch, reservation: Reservation): Receipt {
    const { stream } = batch.origin!
    const waits = [...this.#unsafe].filter((each) => each.sender === stream)
    const safes = waits.map((each) => each.safe.promise)
    const fresh = this.#senders.untaken(batch)
    if (fresh === batch) safes.length = 0
    if (fresh !== undefined) {
      const delivery = new Delivery(this.#own({ ...fresh, origin: undefined }), false, stream)
      this.#unsafe.add(delivery)
      safes.push(delivery.safe.promise)
      this.#enqueue(delivery)
    }
    reservation.release()
    return receipt(
      Promise.resolve(),
      Promise.all(safes).then(() => undefined),
    )
  }

  take(options: TakeOptions): Promise<Lease | undefined> {
    if (this.#closed || options.signal.aborted) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const aborted = (): void => {
        this.#takers = this.#takers.filter((each) => each !== taker)
        resolve(undefined)
      }
      const taker: Taker = {
        options,
        resolve: (lease) => {
          options.signal.removeEventListener('abort', aborted)
          resolve(lease)
        },
      }
      options.signal.addEventListener('abort', aborted, { once: true })
      this.#takers.push(taker)
      this.#serve()
    })
  }

  positions(): ReadonlyMap<string, Position> {
    return this.#streams.taken()
  }

  sinkState(sink: string): Buffer | undefined {
    return this.#log.sinkState(sink)
  }

  async saveSinkState(sink: string, state: Buffer): Promise<void> {
    if (this.#closed) throw this.#closedError()
    checkSinkState(sink, state)
    await this.#log.save({ sinkStates: new Map([[sink, state]]) })
  }

  stats(): ChannelStats {
    const oldest = this.#undelivered.first()
    const ageMs = oldest && this.#context.clock.now() - oldest.batch.appendedAtMs!
    return {
      state: this.#closed ? 'closed' : this.#room.full ? 'full' : 'open',
      backlogEvents: this.#backlog.events,
      backlogBytes: this.#backlog.bytes,
      leasedEvents: this.#leasedEvents,
      capacityBytes: this.#config.byteCapacity,
      capacityEvents: this.#config.capacity,
      diskBytes: this.#log.diskBytes,
      oldestEventAgeMs: Math.max(0, ageMs ?? 0),
      lostEvents: 0,
      quarantinedRecords: this.#log.quarantinedRecords,
      redeliveredEvents: this.#redeliveredEvents,
      appendedEvents: this.#next,
      acknowledgedEvents: this.#acknowledgedEvents,
      syncs: this.#log.syncs,
      writtenBytes: this.#log.writtenBytes,
      problem: this.#log.problem,
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const error = this.#closedError()
    this.#room.close(error)
    for (const taker of this.#takers.splice(0)) taker.resolve(undefined)
    try {
      await this.#log.close()
    } finally {
      for (const delivery of this.#unsafe) if (!delivery.done) delivery.safe.reject(error)
    }
  }

  /** The batch as the channel keeps it: with ids, and not as a small view of a large buffer. */
  #own(batch: Batch): Batch {
    const bytes = batch.ends.at(-1) ?? 0
    const view = bytes * 2 < batch.bodies.buffer.byteLength
    const owned = {
      ...batch,
      bodies: view ? copyOf(batch.bodies.subarray(0, bytes)) : batch.bodies,
      ids: { stream: this.#epoch, first: this.#next },
      appendedAtMs: this.#context.clock.now(),
    }
    this.#next += batch.count
    return owned
  }

  #enqueue(delivery: Delivery): void {
    const size = { events: delivery.batch.count, bytes: bodyBytes(delivery.batch) }
    this.#room.use(size)
    this.#backlog.events += size.events
    this.#backlog.bytes += size.bytes
    this.#undelivered.push(delivery)
    this.#ready.add(delivery)
    this.#serve()
  }

  #serve(): void {
    while (this.#takers.length > 0 && !this.#ready.empty) {
      const { options, resolve } = this.#takers.shift()!
      const lease = this.#lease(this.#ready.take(options), options.sink)
      this.#leasedEvents += lease.events
      resolve(lease)
    }
  }

  #lease(runs: readonly Run[], sink: string): MemoryLease {
    const floor = this.#undelivered.first()?.batch.ids!.first ?? this.#next
    const lease: MemoryLease = new MemoryLease(runs, floor, {
      ack: (state) => {
        if (state !== undefined) checkSinkState(sink, state)
        return this.#acknowledge(lease, sink, state)
      },
      split: (events) => {
        lease.end()
        const [first, rest] = splitRuns(runs, events)
        return [this.#lease(first, sink), this.#lease(rest, sink)]
      },
      release: () => this.#release(lease),
    })
    return lease
  }

  async #acknowledge(lease: MemoryLease, sink: string, state: Buffer | undefined): Promise<void> {
    if (this.#closed) throw this.#closedError()
    lease.end()
    this.#leasedEvents -= lease.events
    this.#acknowledgedEvents += lease.events
    this.#backlog.events -= lease.events
    this.#backlog.bytes -= lease.bytes
    const deliveries = new Set(lease.runs.map((run) => deliver(run, state !== undefined)))
    while (this.#undelivered.first()?.done === true) this.#undelivered.shift()
    const saved = this.#settle(deliveries, state && { sink, state })
    this.#room.free({ events: lease.events, bytes: lease.bytes })
    await saved
  }

  /**
   * Moves the positions of what was delivered, saves them together with the state in one record, and
   * calls safe what is now.
   */
  #settle(
    deliveries: Iterable<Delivery>,
    saved: { readonly sink: string; readonly state: Buffer } | undefined,
  ): Promise<void> {
    const positions = new Map<string, Position>()
    const safe = new Set<Delivery>()
    for (const delivery of deliveries) {
      const stream = delivery.batch.origin?.stream
      if (delivery.done && (stream === undefined || !delivery.safeInOrder)) safe.add(delivery)
      if (stream === undefined) continue
      const { position, passed } = this.#streams.advance(stream)
      if (position !== undefined) positions.set(stream, position)
      for (const each of passed) safe.add(each)
    }
    if (positions.size === 0 && saved === undefined) {
      for (const delivery of safe) void this.#makeSafe(delivery)
      return Promise.resolve()
    }
    const sinkStates = new Map(saved === undefined ? [] : [[saved.sink, saved.state]])
    const durable = this.#log.save({ positions, sinkStates })
    durable.catch(() => {})
    for (const delivery of safe) void this.#makeSafe(delivery)
    return durable
  }

  /**
   * Delivered is safe, unless sink state went with it: at a crash the sink goes back to the state that
   * is on disk and may undo what came after it.
   */
  async #makeSafe(delivery: Delivery): Promise<void> {
    try {
      while ((delivery.stateful || delivery.safeInOrder) && !(await this.#saved())) {
        // The log waits longer after each failure; this only waits for the log.
      }
      delivery.safe.resolve()
    } catch (error) {
      delivery.safe.reject(toFlumeError(error))
    } finally {
      this.#unsafe.delete(delivery)
    }
  }

  /** Whether everything until now is on disk. The log tries again and again until it is closed. */
  async #saved(): Promise<boolean> {
    try {
      await this.#log.save({})
      return true
    } catch (error) {
      if (toFlumeError(error).code === 'FLM2204' || this.#closed) throw error
      return false
    }
  }

  #release(lease: MemoryLease): void {
    lease.end()
    this.#leasedEvents -= lease.events
    if (this.#closed) return
    this.#redeliveredEvents += lease.events
    this.#ready.giveBack(lease.runs)
    this.#serve()
  }

  #closedError(): FlumeError {
    const { flow, name } = this.#context
    const message = `flow ${flow}: the memory channel ${name} is closed; events it held come again from sources that can be read again`
    return new FlumeError('FLM2204', message, { retryable: true, facts: { flow, channel: name } })
  }
}

function deliver({ delivery, from, to }: Run, stateful: boolean): Delivery {
  delivery.deliver(from, to)
  if (stateful) delivery.stateful = true
  return delivery
}

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}
