import { FlumeError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { sleep } from '../../lib/clock.ts'
import { encodeAhead, unfitness } from './batch-codec.ts'
import { END } from './format.ts'
import { Group } from './group.ts'
import type { Log } from './log.ts'
import { isDiskFull } from './log.ts'
import type { FileChannelOptions } from './options.ts'
import { PendingAcknowledgements } from './pending.ts'
import type { PendingAppend } from './pending.ts'
import { plainRecord } from './segment.ts'
import type { Placed } from './segment.ts'
import type { ChannelState } from './state.ts'

export interface WriterContext {
  readonly log: Log
  readonly state: ChannelState
  readonly clock: Clock
  readonly logger: Logger
  readonly options: FileChannelOptions
  /** A group is durable and in the state. */
  readonly committed: (group: Group, placed: readonly Placed[]) => void
  /** Bytes that have to go from the disk before the next append is granted room; 0 or less when none. */
  readonly lackingBytes: () => number
  /** Room, disk or the reason for trouble changed. */
  readonly changed: () => void
}

/** How often closing tries to seal on a disk that fails. */
const CLOSE_ATTEMPTS_MAX = 3

/**
 * The one loop that writes the log: everything queued while the last sync ran becomes one write and
 * one sync. After a failure it seals and starts a new segment before it tells anyone.
 */
export class Writer {
  readonly #context: WriterContext
  #appends: PendingAppend[] = []
  #acks = new PendingAcknowledgements()
  #timer: Timer | undefined
  #urgent = false
  #running: Promise<void> | undefined
  #closing = false
  /** Closing met a disk that let nothing be written any more. */
  #gaveUp = false
  #ended = false
  readonly #closed = new AbortController()
  #lastMs = 0
  #problem: string | undefined
  /** Groups in a row that could not be written. */
  #failures = 0

  constructor(context: WriterContext) {
    this.#context = context
  }

  /** Why writing fails at the moment. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Appends that wait for their group. */
  get waiting(): number {
    return this.#appends.length
  }

  /** Acknowledged ranges that are not durable yet. */
  get pendingRanges(): number {
    return this.#acks.rangesCount
  }

  append(append: PendingAppend): void {
    this.#appends.push(this.#encoded(append))
    // A bare position waits for company like an acknowledgement.
    if (append.batch.count === 0) this.#later()
    else this.#now()
  }

  /** With its record made ahead, unless it waits for a segment or is one that no record can hold. */
  #encoded(append: PendingAppend): PendingAppend {
    const { salt } = this.#context.log
    if (salt === undefined || append.batch.count === 0) return append
    if (unfitness(append.batch) !== undefined) return append
    return { ...append, encoded: encodeAhead(append.batch, salt) }
  }

  /** Changes the pending acknowledgements; they are written with the next group or after the delay. */
  acknowledge(change: (acks: PendingAcknowledgements) => void): Promise<void> {
    change(this.#acks)
    const durable = this.#acks.whenDurable()
    if (this.#ended) this.#acks.fail(closed())
    else this.#later()
    return durable
  }

  /** As `acknowledge`, at once. */
  save(change: (acks: PendingAcknowledgements) => void): Promise<void> {
    const durable = this.acknowledge(change)
    this.#now()
    return durable
  }

  /** Tries again to make room on a full disk, now and not only when a segment is freed. */
  async refill(): Promise<void> {
    await this.#running
    if (this.#closing || this.#running !== undefined) return
    this.#run(async () => {
      await this.#context.log.refill()
      await this.#free()
      this.#context.changed()
    })
  }

  /** Frees what can be had at once, if an append waits for room. */
  makeRoom(): void {
    if (this.#running !== undefined || this.#closing || this.#context.lackingBytes() <= 0) return
    this.#run(async () => {
      await this.#free()
      this.#context.changed()
    })
  }

  /** Writes what is queued and END. Everything that could not be written is rejected. */
  async close(): Promise<void> {
    this.#closing = true
    this.#timer?.clear()
    this.#closed.abort()
    this.#now()
    while (this.#running !== undefined) await this.#running
    const { log, state, clock } = this.#context
    try {
      const at = { nextSequence: state.nextSequence, nowMs: clock.now() }
      await log.write([plainRecord(END, Buffer.alloc(0), at)])
    } catch (error) {
      this.#context.logger.warn({ error }, 'the channel was closed without an END record')
    }
    try {
      await log.close()
    } finally {
      this.#ended = true
      this.#acks.fail(closed())
    }
  }

  #later(): void {
    if (this.#running !== undefined || this.#timer !== undefined || this.#closing) return
    this.#timer = this.#context.clock.schedule(() => {
      this.#timer = undefined
      this.#now()
    }, this.#context.options.ackDelayMs)
  }

  #now(): void {
    this.#urgent = true
    if (this.#running !== undefined) return
    this.#timer?.clear()
    this.#timer = undefined
    this.#run(() => this.#loop())
  }

  #run(work: () => Promise<void>): void {
    this.#running = this.#guard(work)
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    // What the caller queues in this turn of the event loop comes into the same group.
    await Promise.resolve()
    try {
      await work()
    } finally {
      this.#running = undefined
    }
    if (this.#gaveUp) return
    if (this.#pressing) this.#now()
    else if (this.#appends.length > 0 || !this.#acks.empty) this.#later()
  }

  /** Whether something waits that is not to wait for company. */
  get #pressing(): boolean {
    if (this.#closing) return this.#appends.length > 0 || !this.#acks.empty
    return this.#urgent || this.#appends.some((append) => append.batch.count > 0)
  }

  async #loop(): Promise<void> {
    while (this.#pressing) {
      this.#urgent = false
      if (this.#context.log.full) this.#refuseAppends(diskFull())
      await this.#writeGroup()
      if (this.#gaveUp) return
    }
  }

  async #writeGroup(): Promise<void> {
    const { log, state, changed } = this.#context
    const acks = this.#acks
    let taken: PendingAppend[] = []
    let group: Group
    try {
      const filled = await this.#fill(acks)
      taken = filled.taken
      group = filled.group
      const placed = group.empty ? [] : await log.write(group.records)
      this.#commit(group, acks, placed)
    } catch (error) {
      if (this.#acks !== acks) this.#acks.prepend(acks)
      await this.#fail(error, taken)
      return
    }
    if (!group.empty) await log.discard(state)
    await this.#free()
    changed()
  }

  /**
   * Spare segments, and the two newest ones, are kept although their events are all acknowledged. When
   * appends wait for just that room, the spares go, and new segments are started until it is free.
   */
  async #free(): Promise<void> {
    const { log, state, lackingBytes } = this.#context
    if (lackingBytes() > 0 && !log.full) log.releaseSpares()
    while (lackingBytes() > log.idleBytes && log.holdsDone(state)) {
      try {
        await log.roll(state)
      } catch (error) {
        this.#note(error)
        return
      }
    }
    if (lackingBytes() > 0 && !log.full) log.releaseSpares()
  }

  /** Takes from the queue what fits into one write, rolling first when nothing does. */
  async #fill(acks: PendingAcknowledgements): Promise<{ group: Group; taken: PendingAppend[] }> {
    const { log, state, clock, options } = this.#context
    this.#lastMs = Math.max(this.#lastMs, clock.now())
    for (let attempt = 0; ; attempt++) {
      const group = new Group(state, this.#lastMs, options.recordBytesMax)
      const taken: PendingAppend[] = []
      let first = true
      const fits = (bytes: number): boolean => {
        const ok = log.hasRoom(bytes, first) && (first || bytes <= options.groupBytesMax)
        first = false
        return ok
      }
      for (const append of this.#appends) {
        if (!group.add(append, fits)) break
        taken.push(append)
      }
      const stuck = taken.length === 0 && this.#appends.length > 0
      group.acknowledge(acks)
      const noRoom = !group.empty && !log.hasRoom(group.bytes, group.records.length === 1)
      if ((!stuck && !(noRoom && group.batches.length === 0)) || attempt > 0) {
        // What comes in from here on belongs to the next group, also before the caller goes on.
        this.#appends.splice(0, taken.length)
        this.#acks = new PendingAcknowledgements()
        return { group, taken }
      }
      await log.roll(state)
      // A segment made of a reserve file takes acknowledgements alone.
      if (log.full) this.#refuseAppends(diskFull())
    }
  }

  #commit(group: Group, acks: PendingAcknowledgements, placed: readonly Placed[]): void {
    group.commit()
    this.#problem = undefined
    if (!group.empty) this.#failures = 0
    this.#context.committed(group, placed)
    for (const { append } of group.batches) append.resolve()
    for (const append of group.settled) append.resolve()
    for (const { append, error } of group.refused) append.reject(error)
    acks.settle()
  }

  /**
   * The group may be on disk or not. A new segment's CHECKPOINT says that it is not; only then are its
   * appends, and all behind them, told. Until the disk lets us make one, they wait.
   */
  async #fail(error: unknown, taken: PendingAppend[]): Promise<void> {
    const { log, state, clock, options, logger } = this.#context
    this.#note(error)
    this.#failures++
    logger.warn({ error }, 'a write of the channel failed; its segment is sealed')
    await log.seal(error)
    for (let attempt = 1; ; attempt++) {
      try {
        await log.roll(state)
        break
      } catch (again) {
        this.#note(again)
        this.#context.changed()
        if (this.#closing && attempt >= CLOSE_ATTEMPTS_MAX) {
          this.#gaveUp = true
          break
        }
        await log.refill()
        await sleep(clock, options.retryDelayMs, this.#closing ? undefined : this.#closed.signal)
      }
    }
    this.#appends = [...taken, ...this.#appends]
    // Without the seal nobody knows whether the next open finds the group.
    if (this.#gaveUp) this.#refuseAppends(writeFailed(error, 'unknown'))
    else this.#refuseAppends(isDiskFull(error) ? diskFull(error) : writeFailed(error, 'none'))
    this.#context.changed()
    this.#urgent ||= !this.#acks.empty
    // New segments that can be made but not written: without a pause they would be made for ever.
    if (this.#failures < 2 || this.#gaveUp) return
    if (this.#closing && this.#failures >= CLOSE_ATTEMPTS_MAX) this.#gaveUp = true
    else await sleep(clock, options.retryDelayMs, this.#closing ? undefined : this.#closed.signal)
  }

  #refuseAppends(error: FlumeError): void {
    const refused = this.#appends
    this.#appends = []
    for (const append of refused) append.reject(error)
  }

  #note(error: unknown): void {
    this.#problem = error instanceof Error ? error.message : String(error)
  }
}

function diskFull(cause?: unknown): FlumeError {
  return new FlumeError(
    'FLM2202',
    'the disk of the channel is full: appends wait until events were delivered or space was made',
    { retryable: true, cause },
  )
}

function closed(): FlumeError {
  return new FlumeError('FLM2204', 'the channel was closed before this was durable', {
    retryable: false,
  })
}

function writeFailed(cause: unknown, outcome: 'none' | 'unknown'): FlumeError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new FlumeError('FLM2201', `a write or sync of the channel failed: ${message}`, {
    retryable: true,
    outcome,
    cause,
  })
}
