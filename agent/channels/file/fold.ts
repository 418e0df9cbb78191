import { bodiesLength, decodeBatchOrigin } from './batch-codec.ts'
import type { RecordHeader } from './format.ts'
import { ACK, BATCH, CHECKPOINT, HEADER_BYTES, recordBytes } from './format.ts'
import type { ScanItem, SegmentScanner } from './segment-scanner.ts'
import type { ChannelState } from './state.ts'
import { decodeAcknowledgement } from './state-codec.ts'

/** A stretch of bytes that should hold a record and does not. */
export interface Damage {
  readonly from: number
  readonly to: number
}

/** What a segment holds, after its records were folded into the state. */
export interface Folded {
  readonly damages: readonly Damage[]
  /** Events that no valid record holds and nobody acknowledged. */
  readonly lostEvents: number
  readonly endOffset: number
  /** What a record says was synced. Records behind it may be in the page cache alone. */
  readonly durableUpTo: number
  /** Whether records stand behind the end: a crash cut their group short. Else what is there is stale. */
  readonly torn: boolean
  readonly payloadBytes: number
  readonly firstAppendedAtMs: number | undefined
  readonly records: number
}

/**
 * Folds the records of one segment into the state, by the rules of FORMAT.md "Opening" 2 and 3. Reads
 * only. `below`: sequences from there on belong to the next segment.
 */
export class SegmentFold {
  readonly #state: ChannelState
  readonly #below: number
  readonly #gaps: Damage[] = []
  readonly #damages: Damage[] = []
  #payloadBytes = 0
  #firstAppendedAtMs: number | undefined
  #endOffset = HEADER_BYTES
  /** The CHECKPOINT was synced before the segment got its name. */
  #durableUpTo = HEADER_BYTES + 1
  #lastRecordAt = 0
  #records = 0

  constructor(state: ChannelState, below: number | undefined) {
    this.#state = state
    this.#below = below ?? Number.MAX_SAFE_INTEGER
  }

  async run(scanner: SegmentScanner): Promise<Folded> {
    let surveyed = false
    for (;;) {
      const place = scanner.place
      const item = await scanner.next()
      if (item === undefined || this.#isNextSegments(item)) break
      this.#noteDurable(item)
      if (item.kind === 'record') {
        this.#apply(item.header, item.body)
        continue
      }
      if (!surveyed) {
        await this.#survey(scanner)
        scanner.returnTo(place)
        surveyed = true
        continue
      }
      // Torn: written and never synced, or cut short by a crash. Nobody was told that it is there.
      if (item.from >= this.#durableUpTo) {
        // The first of its group knows which events were synced before it.
        if (item.header?.durableUpTo === item.from) this.#skip(item.header.firstSequence)
        break
      }
      this.#damages.push({ from: item.from, to: item.to })
      this.#endOffset = item.to
    }
    if (this.#below !== Number.MAX_SAFE_INTEGER) this.#skip(this.#below)
    return {
      damages: this.#damages,
      lostEvents: this.#countLost(),
      endOffset: this.#endOffset,
      torn: this.#lastRecordAt >= this.#endOffset,
      durableUpTo: Math.min(this.#durableUpTo, this.#endOffset),
      payloadBytes: this.#payloadBytes,
      firstAppendedAtMs: this.#firstAppendedAtMs,
      records: this.#records,
    }
  }

  /**
   * Whether damage counts is known when all records behind it were seen. They are read twice rather
   * than kept: they may be a whole segment.
   */
  async #survey(scanner: SegmentScanner): Promise<void> {
    for (let item = await scanner.next(); item !== undefined; item = await scanner.next()) {
      if (this.#isNextSegments(item)) return
      this.#noteDurable(item)
    }
  }

  #noteDurable({ header }: ScanItem): void {
    if (header === undefined) return
    this.#durableUpTo = Math.max(this.#durableUpTo, header.durableUpTo)
    this.#lastRecordAt = Math.max(this.#lastRecordAt, header.offset)
  }

  #isNextSegments({ header }: ScanItem): boolean {
    if (header === undefined) return false
    const { firstSequence, type } = header
    return firstSequence > this.#below || (firstSequence === this.#below && type === BATCH)
  }

  #apply(header: RecordHeader, body: Buffer): void {
    this.#endOffset = header.offset + recordBytes(body.length)
    this.#records++
    // The CHECKPOINT that the fold began with is in the state already; a later one repeats it.
    if (header.type === CHECKPOINT) return
    this.#skip(header.firstSequence)
    if (header.type === BATCH) {
      this.#state.applyBatch(header.count, decodeBatchOrigin(header, body))
      this.#payloadBytes += bodiesLength(header, body)
      this.#firstAppendedAtMs ??= header.appendedAtMs
    } else if (header.type === ACK) {
      this.#state.applyAcknowledgement(decodeAcknowledgement(body))
    }
  }

  /** No valid record holds the events below `sequence`. */
  #skip(sequence: number): void {
    if (sequence <= this.#state.nextSequence) return
    this.#gaps.push({ from: this.#state.nextSequence, to: sequence })
    this.#state.nextSequence = sequence
  }

  /** What was acknowledged by a later record is no loss; the rest of the gaps is. */
  #countLost(): number {
    let lost = 0
    for (const { from, to } of this.#gaps) {
      lost += this.#state.backlog().countIn(from, to)
      this.#state.acknowledge(from, to)
    }
    this.#state.lostEvents += lost
    return lost
  }
}
