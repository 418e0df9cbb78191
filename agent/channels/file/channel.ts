import { join } from 'node:path'
import type { Batch, Position } from '../../core/batch.ts'
import { NO_HEADERS } from '../../core/batch.ts'
import type { ChannelContext } from '../../core/channel-context.ts'
import type {
  BatchSize,
  Channel,
  ChannelLimits,
  ChannelStats,
  Lease,
  Reservation,
  TakeOptions,
} from '../../core/channel.ts'
import { checkSinkState } from '../../core/channel.ts'
import { FlumeError, systemCode } from '../../core/errors.ts'
import type { Receipt } from '../../core/receipt.ts'
import { receipt } from '../../core/receipt.ts'
import type { Timer } from '../../lib/clock.ts'
import type { Disk, DiskLock } from '../../lib/disk.ts'
import { makeDurableDirectory } from '../../lib/durable-directory.ts'
import type { Interval } from '../../lib/intervals.ts'
import { Ages } from './ages.ts'
import { overheadBytes } from './batch-codec.ts'
import type { FileChannelConfig } from './config.ts'
import { Delivery } from './delivery.ts'
import type { Group } from './group.ts'
import { IndexTable } from './index-table.ts'
import { Log, isDiskFull } from './log.ts'
import type { FileChannelOptions } from './options.ts'
import { fileChannelOptions } from './options.ts'
import { Quarantine } from './quarantine.ts'
import { BacklogReader } from './reader.ts'
import { recover } from './recovery.ts'
import { Room } from './room.ts'
import type { HeldRoom } from './room.ts'
import type { Placed } from './segment.ts'
import { ChannelState } from './state.ts'
import { Writer } from './writer.ts'

const NO_BODIES = Buffer.alloc(0)

/** Above this many appends that wait, positions alone are accepted only when durable: they hold no room. */
const POSITIONS_WAITING_MAX = 4096

/**
 * Opens the file channel in `context.directory`: locks it, recovers what is there, starts a new segment.
 * Rejects with FLM2101 (in use), FLM2102 (damaged), FLM2103 (newer version), FLM2201 (disk) or
 * FLM2202 (disk full, and no reserve left).
 */
export async function openChannel(
  config: FileChannelConfig,
  context: ChannelContext,
): Promise<Channel> {
  return openWith(fileChannelOptions(config), context)
}

/** As openChannel, with sizes and delays of one's own. */
export async function openWith(
  options: FileChannelOptions,
  context: ChannelContext,
): Promise<Channel> {
  const { directory, disk } = context
  const lock = await lockDirectory(disk, directory)
  try {
    return await FileChannel.open(options, context, lock)
  } catch (error) {
    lock.release()
    if (error instanceof FlumeError) throw error
    throw new FlumeError(
      isDiskFull(error) ? 'FLM2202' : 'FLM2201',
      `opening the channel in ${directory} failed: ${text(error)}`,
      {
        retryable: true,
        cause: error,
        facts: { directory, system: systemCode(error) },
      },
    )
  }
}

async function lockDirectory(disk: Disk, directory: string): Promise<DiskLock> {
  await makeDurableDirectory(disk, directory)
  const lock = await disk.lock(join(directory, 'LOCK'))
  if (lock !== undefined) return lock
  throw new FlumeError(
    'FLM2101',
    `the channel in ${directory} is in use by another process: stop that one, or choose another data directory`,
    { retryable: true, facts: { directory } },
  )
}

class FileChannel implements Channel {
  readonly limits: ChannelLimits
  readonly #options: FileChannelOptions
  readonly #context: ChannelContext
  readonly #lock: DiskLock
  readonly #state: ChannelState
  readonly #log: Log
  readonly #writer: Writer
  readonly #room: Room
  readonly #delivery: Delivery
  readonly #reader: BacklogReader
  readonly #index = new IndexTable()
  readonly #ages = new Ages()
  /** As acknowledged, durable or not yet. */
  readonly #sinkStates: Map<string, Buffer>
  #lostEvents: number
  #quarantinedRecords: number
  #appendedEvents = 0
  #refillTimer: Timer | undefined
  #closing: Promise<void> | undefined

  static async open(
    options: FileChannelOptions,
    context: ChannelContext,
    lock: DiskLock,
  ): Promise<FileChannel> {
    const { directory, disk, clock, random, log } = context
    const quarantine = new Quarantine(disk, directory, {
      log,
      bytesMax: options.quarantineBytesMax,
    })
    const found = await recover({ directory, disk, log, options, quarantine })
    const state = found?.state ?? new ChannelState(options.positionsBytesMax)
    const segments = new Log(
      { directory, disk, clock, random, log, options },
      {
        channelId: found?.channelId ?? random.bytes(16),
        segments: found?.segments ?? [],
        lastNumber: found?.lastNumber ?? 0,
      },
    )
    await segments.loadReserve(state)
    await segments.roll(state)
    await segments.refill()
    return new FileChannel(options, context, { lock, state, segments, quarantine })
  }

  private constructor(
    options: FileChannelOptions,
    context: ChannelContext,
    parts: { lock: DiskLock; state: ChannelState; segments: Log; quarantine: Quarantine },
  ) {
    const { state, segments } = parts
    this.#options = options
    this.#context = context
    this.#lock = parts.lock
    this.#state = state
    this.#log = segments
    this.#sinkStates = new Map(state.sinkStates)
    segments.onRemoved = () => this.#room.changed()
    this.#lostEvents = state.lostEvents
    this.#quarantinedRecords = state.quarantinedRecords
    for (const segment of segments.segments)
      this.#ages.note(segment.firstSequence, segment.firstAppendedAtMs)
    this.limits = {
      batchEventsMax: Math.min(65_536, options.capacityEvents ?? Number.MAX_SAFE_INTEGER),
      batchBytesMax: options.batchBytesMax,
    }
    this.#room = new Room((held, need) => this.#fits(held, need))
    this.#reader = new BacklogReader({
      directory: context.directory,
      disk: context.disk,
      readBytes: options.readBytes,
      index: this.#index,
      quarantine: parts.quarantine,
      segments: () => segments.segments,
      quarantined: () => this.#quarantined(),
    })
    this.#delivery = new Delivery(
      {
        cacheBytesMax: options.cacheBytesMax,
        read: (sequence) => this.#reader.read(sequence),
        acknowledged: (ranges, sink, saved) => this.#acknowledged(ranges, sink, saved),
        lost: (range) => this.#lose(range),
        floor: () => state.floor,
        acknowledgedRanges: () => state.acknowledged.count + this.#writer.pendingRanges,
      },
      state.backlog(),
      state.acknowledged.ranges().at(-1)?.to ?? state.floor,
    )
    this.#writer = new Writer({
      log: segments,
      state,
      clock: context.clock,
      logger: context.log,
      options,
      committed: (group, placed) => this.#committed(group, placed),
      lackingBytes: () => this.#lackingBytes(),
      changed: () => this.#changed(),
    })
    this.#changed()
  }

  async reserve(need: BatchSize, signal: AbortSignal): Promise<Reservation> {
    if (this.#closing !== undefined) throw this.#isClosed()
    signal.throwIfAborted()
    const { batchBytesMax, batchEventsMax } = this.limits
    if (need.bytes > batchBytesMax || need.events > batchEventsMax) {
      throw new FlumeError(
        'FLM2203',
        `a batch of ${need.events} events and ${need.bytes} bytes is above what the channel takes at once (${batchEventsMax} events, ${batchBytesMax} bytes): raise segmentSize or send smaller events`,
        { retryable: false, facts: { ...need, batchBytesMax, batchEventsMax } },
      )
    }
    if (need.events === 0) return this.#room.grant({ events: 0, bytes: 0 })
    const bytes = need.bytes + overheadBytes(need.events)
    const room = this.#room.reserve({ events: need.events, bytes }, signal)
    this.#writer.makeRoom()
    return room
  }

  append(batch: Batch, reservation: Reservation): Receipt {
    const held = reservation as HeldRoom
    held.consume()
    // The position alone is kept while it waits, not the buffer that its events were cut from.
    if (batch.count === 0) batch = { ...batch, bodies: NO_BODIES, headers: NO_HEADERS }
    if (this.#closing !== undefined) {
      this.#room.giveBack(held)
      const refused = Promise.reject(this.#isClosed())
      return receipt(refused, refused)
    }
    const durable = new Promise<void>((resolve, reject) => {
      this.#writer.append({
        batch,
        resolve: () => {
          this.#room.giveBack(held)
          resolve()
        },
        reject: (error) => {
          this.#room.giveBack(held)
          reject(error)
        },
      })
    })
    const early = batch.count === 0 && this.#writer.waiting <= POSITIONS_WAITING_MAX
    return receipt(early ? Promise.resolve() : durable, durable)
  }

  take(options: TakeOptions): Promise<Lease | undefined> {
    return this.#delivery.take(options)
  }

  positions(): ReadonlyMap<string, Position> {
    return this.#state.positions.toMap()
  }

  sinkState(sink: string): Buffer | undefined {
    return this.#sinkStates.get(sink)
  }

  async saveSinkState(sink: string, state: Buffer): Promise<void> {
    if (this.#closing !== undefined) throw this.#isClosed()
    checkSinkState(sink, state)
    this.#sinkStates.set(sink, state)
    await this.#writer.save((acks) => acks.setState(sink, state))
  }

  stats(): ChannelStats {
    const { backlog } = this.#delivery
    const first = backlog.first
    const now = this.#context.clock.now()
    const waits = this.#room.waiting > 0 || this.#log.full
    return {
      state: this.#closing !== undefined ? 'closed' : waits ? 'full' : 'open',
      backlogEvents: backlog.size,
      backlogBytes: this.#backlogBytes(),
      leasedEvents: this.#delivery.leasedEvents,
      capacityBytes: this.#options.capacityBytes,
      capacityEvents: this.#options.capacityEvents,
      diskBytes: this.#log.diskBytes,
      oldestEventAgeMs: first === undefined ? 0 : this.#ages.of(first.from, now),
      lostEvents: this.#lostEvents,
      quarantinedRecords: this.#quarantinedRecords,
      redeliveredEvents: this.#delivery.redeliveredEvents,
      appendedEvents: this.#appendedEvents,
      acknowledgedEvents: this.#delivery.acknowledgedEvents,
      syncs: this.#log.syncs,
      writtenBytes: this.#log.writtenBytes,
      problem: this.#log.full ? 'the disk is full' : this.#writer.problem,
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#refillTimer?.clear()
    this.#room.refuse(this.#isClosed())
    try {
      await this.#delivery.close()
      await this.#writer.close()
      await this.#reader.close()
    } finally {
      this.#lock.release()
    }
  }

  #fits(held: BatchSize, need: BatchSize): boolean {
    if (this.#log.full) return false
    const { capacityBytes, capacityEvents, pendingBytesMax } = this.#options
    if (held.bytes > 0 && held.bytes + need.bytes > pendingBytesMax) return false
    const events = this.#delivery.backlog.size + held.events + need.events
    if (capacityEvents !== undefined && events > capacityEvents) return false
    return this.#log.diskBytes + held.bytes + need.bytes <= capacityBytes
  }

  /** Bytes that have to go from the disk before the next append can be granted room. */
  #lackingBytes(): number {
    if (this.#log.full) return Infinity
    const wanted = this.#room.wantedBytes
    return wanted === 0 ? 0 : this.#log.diskBytes + wanted - this.#options.capacityBytes
  }

  /** A group is durable: its events can be handed out. */
  #committed(group: Group, placed: readonly Placed[]): void {
    const { stream, segmentNumber } = this.#log.current
    for (const [i, { batch, firstSequence }] of group.batches.entries()) {
      this.#index.note(segmentNumber, firstSequence, placed[i]!.offset)
      this.#ages.note(firstSequence, group.appendedAtMs)
      this.#appendedEvents += batch.count
      this.#delivery.committed({
        ...batch,
        origin: undefined,
        ids: { stream, first: firstSequence },
        appendedAtMs: group.appendedAtMs,
      })
    }
  }

  #changed(): void {
    this.#index.forgetBelow(this.#log.segments[0]?.number ?? 0)
    this.#delivery.wake()
    this.#room.changed()
    if (!this.#log.full || this.#refillTimer !== undefined || this.#closing !== undefined) return
    this.#refillTimer = this.#context.clock.schedule(() => {
      this.#refillTimer = undefined
      void this.#writer.refill()
    }, this.#options.retryDelayMs)
  }

  #acknowledged(
    ranges: readonly Interval[],
    sink: string,
    state: Buffer | undefined,
  ): Promise<void> {
    if (state !== undefined) this.#sinkStates.set(sink, state)
    return this.#writer.acknowledge((acks) => {
      acks.addRanges(ranges)
      if (state !== undefined) acks.setState(sink, state)
    })
  }

  #lose(range: Interval): void {
    const events = range.to - range.from
    this.#lostEvents += events
    this.#context.log.error(
      { code: 'FLM2301', events, sequence: range.from },
      'events were lost to corrupt bytes in a segment',
    )
    void this.#writer.acknowledge((acks) => {
      acks.addRanges([range])
      acks.lostEvents += events
    })
  }

  #quarantined(): void {
    this.#quarantinedRecords++
    void this.#writer.acknowledge((acks) => {
      acks.quarantinedRecords++
    })
  }

  /** Of each segment the share that is in the backlog: exact when events are of one size. */
  #backlogBytes(): number {
    let bytes = 0
    for (const segment of this.#log.segments) {
      const events = segment.endSequence - segment.firstSequence
      if (events === 0) continue
      const waiting = this.#delivery.backlog.countIn(segment.firstSequence, segment.endSequence)
      bytes += (segment.payloadBytes * waiting) / events
    }
    return Math.round(bytes)
  }

  #isClosed(): FlumeError {
    return new FlumeError('FLM2204', `the channel ${this.#context.name} is closed`, {
      retryable: false,
    })
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
