import type { Batch, Position } from '../../agent/core/batch.ts'
import { bodyAt, bodyBytes, slice } from '../../agent/core/batch.ts'
import type {
  BatchSize,
  Channel,
  ChannelLimits,
  ChannelStats,
  Lease,
  Reservation,
  TakeOptions,
} from '../../agent/core/channel.ts'
import { checkSinkState } from '../../agent/core/channel.ts'
import { FlumeError } from '../../agent/core/errors.ts'
import { SenderTable } from '../../agent/core/sender-ranges.ts'
import { receipt } from '../../agent/core/receipt.ts'
import type { Receipt } from '../../agent/core/receipt.ts'

/** What a crash leaves of a model channel. */
export interface ModelStore {
  /** Bodies ever committed, in order. */
  readonly log: string[]
  backlog: Batch[]
  positions: Map<string, Position>
  sinkStates: Map<string, Buffer>
  readonly senders: SenderTable
}

export function modelStore(): ModelStore {
  return {
    log: [],
    backlog: [],
    positions: new Map(),
    sinkStates: new Map(),
    senders: new SenderTable(2 ** 20),
  }
}

interface Pending {
  readonly batch: Batch
  readonly size: BatchSize
  readonly settle: PromiseWithResolvers<void>
}

export interface ModelOptions {
  readonly capacityEvents?: number
  readonly limits?: Partial<ChannelLimits>
  /** Commits wait for `commit()`; else they happen in the next turn of the event loop. */
  readonly manual?: boolean
}

/**
 * A channel in memory that does what the contract says and nothing else, with commits, failures and
 * crashes in the hands of the test. An append that fails takes all behind it with it.
 */
export class ModelChannel implements Channel {
  readonly limits: ChannelLimits
  readonly store: ModelStore
  readonly appended: Batch[] = []
  readonly acks: (string | undefined)[] = []
  released = 0
  closed = false
  problem: string | undefined
  /** So many takes fail. */
  unreadable = 0
  readonly #options: ModelOptions
  #pending: Pending[] = []
  #failures: FlumeError[] = []
  #held: BatchSize = { events: 0, bytes: 0 }
  #leased = 0
  #sequence = 0
  #scheduled = false
  #room: (() => void)[] = []
  #takers: (() => void)[] = []

  constructor(store: ModelStore, options: ModelOptions = {}) {
    this.store = store
    this.#options = options
    const events = options.capacityEvents ?? 1_000_000
    this.limits = { batchEventsMax: events, batchBytesMax: 1 << 20, ...options.limits }
  }

  /** The next groups fail, one after the other. */
  fail(times = 1, retryable = true): void {
    for (let i = 0; i < times; i++)
      this.#failures.push(new FlumeError('FLM2201', 'the model failed', { retryable }))
  }

  get pending(): number {
    return this.#pending.length
  }

  async reserve(need: BatchSize, signal: AbortSignal): Promise<Reservation> {
    if (need.events > this.limits.batchEventsMax || need.bytes > this.limits.batchBytesMax)
      throw new FlumeError('FLM2203', 'too large', { retryable: false })
    while (need.events > 0 && !this.#fits(need)) await this.#waitForRoom(signal)
    signal.throwIfAborted()
    if (this.closed) throw new FlumeError('FLM2204', 'closed', { retryable: false })
    this.#held = sum(this.#held, need)
    let open = true
    return {
      release: () => {
        if (open) this.#give(need)
        open = false
      },
    }
  }

  append(batch: Batch, reservation: Reservation): Receipt {
    this.appended.push(batch)
    const settle = Promise.withResolvers<void>()
    this.#pending.push({ batch, size: sizeOf(batch), settle })
    // The held room becomes the room of a batch that waits to be committed.
    reservation.release()
    this.#held = sum(this.#held, sizeOf(batch))
    if (this.#options.manual !== true && !this.#scheduled) {
      this.#scheduled = true
      setImmediate(() => this.commit())
    }
    const accepted = batch.count === 0 ? Promise.resolve() : settle.promise
    return receipt(accepted, settle.promise)
  }

  /** Ends the group: everything pending is in, or, after `fail`, nothing. `count`: only the first. */
  commit(count = this.#pending.length): void {
    this.#scheduled = false
    const group = this.#pending.splice(0, count)
    const failure = group.length > 0 ? this.#failures.shift() : undefined
    const all = failure === undefined ? group : [...group, ...this.#pending.splice(0)]
    for (const { batch, size, settle } of all) {
      this.#give(size)
      if (failure === undefined) {
        this.#store(batch)
        settle.resolve()
      } else settle.reject(failure)
    }
    this.#wake()
  }

  async take({ signal, eventsMax, sink }: TakeOptions): Promise<Lease | undefined> {
    if (this.unreadable > 0) {
      this.unreadable--
      throw new FlumeError('FLM2205', 'the model cannot be read', { retryable: true })
    }
    while (!signal.aborted && !this.closed) {
      const first = this.store.backlog[0]
      if (first !== undefined) {
        const batch = slice(first, 0, Math.min(first.count, eventsMax))
        if (batch.count === first.count) this.store.backlog.shift()
        else this.store.backlog[0] = slice(first, batch.count, first.count)
        return this.#lease(batch, sink)
      }
      await new Promise<void>((resolve) => {
        this.#takers.push(resolve)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    return undefined
  }

  positions(): ReadonlyMap<string, Position> {
    return new Map(this.store.positions)
  }

  sinkState(sink: string): Buffer | undefined {
    return this.store.sinkStates.get(sink)
  }

  async saveSinkState(sink: string, state: Buffer): Promise<void> {
    this.store.sinkStates.set(sink, state)
  }

  stats(): ChannelStats {
    const waiting = this.store.backlog.reduce((events, batch) => events + batch.count, 0)
    return {
      state: this.closed ? 'closed' : this.#room.length > 0 ? 'full' : 'open',
      backlogEvents: waiting + this.#leased,
      backlogBytes: this.store.backlog.reduce((bytes, batch) => bytes + bodyBytes(batch), 0),
      leasedEvents: this.#leased,
      capacityBytes: undefined,
      capacityEvents: this.#options.capacityEvents,
      diskBytes: 0,
      oldestEventAgeMs: waiting > 0 ? 1000 : 0,
      lostEvents: 0,
      quarantinedRecords: 0,
      redeliveredEvents: 0,
      appendedEvents: this.store.log.length,
      acknowledgedEvents: 0,
      syncs: 0,
      writtenBytes: 0,
      problem: this.problem,
    }
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.commit()
    this.closed = true
    this.#wake()
  }

  /** The process dies: what is pending is gone, what is leased comes back. */
  crash(): ModelStore {
    this.#pending = []
    this.closed = true
    this.#wake()
    return this.store
  }

  #store(batch: Batch): void {
    const { origin } = batch
    if (origin?.floor !== undefined) {
      const { stream, floor } = origin
      const known = this.store.senders.get(stream)
      const events = known === undefined ? batch : known.untaken(batch)
      this.store.senders.take(stream, { ...origin, floor })
      if (events !== undefined) this.#keep(events)
      return
    }
    const known = origin && this.store.positions.get(origin.stream)
    let events = batch
    if (origin !== undefined && known?.routing === origin.routing) {
      const first = [...origin.offsets].findIndex((offset) => offset > known.offset)
      events = slice(batch, first === -1 ? batch.count : first, batch.count)
    }
    if (origin !== undefined && (known?.routing !== origin.routing || known.offset < origin.to))
      this.store.positions.set(origin.stream, {
        offset: origin.to,
        routing: origin.routing,
        memo: origin.memo,
      })
    this.#keep(events)
  }

  #keep(events: Batch): void {
    if (events.count === 0) return
    for (let i = 0; i < events.count; i++) this.store.log.push(bodyAt(events, i).toString())
    const ids = { stream: 'model', first: this.#sequence }
    this.#sequence += events.count
    this.store.backlog.push({ ...events, origin: undefined, ids, appendedAtMs: 0 })
  }

  #lease(batch: Batch, sink: string): Lease {
    this.#leased += batch.count
    const end = (): void => {
      this.#leased -= batch.count
    }
    const first = this.store.backlog[0]?.ids!.first ?? batch.ids!.first
    const floor = Math.min(first, batch.ids!.first)
    return {
      batches: [{ ...batch, ids: { ...batch.ids!, floor } }],
      events: batch.count,
      bytes: bodyBytes(batch),
      ack: (state) => {
        if (state !== undefined) checkSinkState(sink, state)
        end()
        if (state !== undefined) this.store.sinkStates.set(sink, state)
        this.acks.push(state?.toString())
        this.#wake()
        return Promise.resolve()
      },
      split: (events) => {
        end()
        return [
          this.#lease(slice(batch, 0, events), sink),
          this.#lease(slice(batch, events, batch.count), sink),
        ]
      },
      release: () => {
        end()
        this.released++
        const at = this.store.backlog.findIndex(({ ids }) => ids!.first > batch.ids!.first)
        this.store.backlog.splice(at === -1 ? this.store.backlog.length : at, 0, batch)
        this.#wake()
      },
    }
  }

  #fits(need: BatchSize): boolean {
    const capacity = this.#options.capacityEvents ?? Infinity
    return this.stats().backlogEvents + this.#held.events + need.events <= capacity
  }

  #give(size: BatchSize): void {
    this.#held = { events: this.#held.events - size.events, bytes: this.#held.bytes - size.bytes }
    this.#wake()
  }

  async #waitForRoom(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.closed) return
    await new Promise<void>((resolve) => {
      this.#room.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    signal.throwIfAborted()
  }

  #wake(): void {
    for (const resolve of [...this.#room.splice(0), ...this.#takers.splice(0)]) resolve()
  }
}

function sizeOf(batch: Batch): BatchSize {
  return { events: batch.count, bytes: bodyBytes(batch) }
}

function sum(a: BatchSize, b: BatchSize): BatchSize {
  return { events: a.events + b.events, bytes: a.bytes + b.bytes }
}
