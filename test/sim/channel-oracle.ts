import type { Batch, Position } from '../../agent/core/batch.ts'
import { bodyAt, headerAt } from '../../agent/core/batch.ts'
import type { ChannelStats, Lease } from '../../agent/core/channel.ts'
import { ChannelModel, bodyOf, copyInBody, fail } from './channel-model.ts'
import type { Append } from './channel-model.ts'

/** A state a sink handed over, with an acknowledgement or alone. */
interface SavedState {
  readonly note: number
  /** Length of the delivered content at that moment. */
  readonly length: number
  durable: boolean
}

/**
 * A sink as the file sink works: its content is cut to the saved length when the channel is opened
 * again, so that every event ends up in it exactly once. With `keepsState` false it saves nothing,
 * as a sink that delivers at least once.
 */
export class ModelSink {
  readonly name: string
  readonly keepsState: boolean
  content: string[] = []
  saved: SavedState[] = []
  nextNote = 1

  constructor(name: string, keepsState: boolean) {
    this.name = name
    this.keepsState = keepsState
  }
}

type Place =
  /** In the hands of a sink. */
  | 'leased'
  /** Delivered; the acknowledgement is durable, or saved with the state of its sink. */
  | 'acknowledged'
  /** Delivered to a sink without state; whether the acknowledgement became durable is not known. */
  | 'perhaps'

interface SequenceNote {
  readonly sequence: number
  readonly copy: string
}

/** Watches everything a channel gives out and says when it breaks a promise. */
export class ChannelOracle {
  readonly model = new ChannelModel()
  readonly sinks: readonly ModelSink[]
  readonly #fillerMax: number
  readonly #places = new Map<string, Place>()
  /** Stable ids: by id the copy, and by copy the id. */
  readonly #copyOfId = new Map<string, string>()
  readonly #idOfCopy = new Map<string, string>()
  readonly #timeOfCopy = new Map<string, number>()
  readonly #sequences = new Map<string, SequenceNote[]>()
  eventsChecked = 0

  constructor(sinks: readonly ModelSink[], fillerMax: number) {
    this.sinks = sinks
    this.#fillerMax = fillerMax
  }

  /** A lease came: its events, in order. */
  leased(lease: Lease): string[] {
    const copies = lease.batches.flatMap((batch) => this.#checkBatch(batch))
    if (copies.length === 0) fail('a lease without events')
    if (copies.length !== lease.events) {
      fail(`a lease of ${copies.length} events says it has ${lease.events}`)
    }
    for (const copy of copies) {
      const place = this.#places.get(copy)
      if (place === 'leased') fail(`${copy} is in the hands of two sinks`)
      if (place === 'acknowledged') fail(`${copy} was acknowledged and is delivered again`)
      this.#places.set(copy, 'leased')
    }
    return copies
  }

  released(copies: readonly string[]): void {
    for (const copy of copies) this.#places.delete(copy)
  }

  /** The sink delivered the events and acknowledges; gives the state to hand over, if it keeps one. */
  acknowledging(sink: ModelSink, copies: readonly string[]): SavedState | undefined {
    sink.content.push(...copies)
    for (const copy of copies) this.#places.set(copy, sink.keepsState ? 'acknowledged' : 'perhaps')
    return sink.keepsState ? this.saving(sink) : undefined
  }

  /** The sink saves its state, without an acknowledgement. */
  saving(sink: ModelSink): SavedState {
    const state = { note: sink.nextNote++, length: sink.content.length, durable: false }
    sink.saved.push(state)
    return state
  }

  /** The acknowledgement of these became durable. */
  acknowledged(copies: readonly string[], state: SavedState | undefined): void {
    if (state) state.durable = true
    for (const copy of copies) this.#places.set(copy, 'acknowledged')
  }

  /** The channel was opened again. `damage`: bits were flipped, so that losses are no failure. */
  reopened(opened: {
    readonly positions: ReadonlyMap<string, Position>
    readonly sinkState: (sink: string) => Buffer | undefined
    readonly stats: ChannelStats
  }): void {
    this.model.reopened(opened.positions)
    for (const [copy, place] of this.#places) {
      if (place === 'leased') this.#places.delete(copy)
    }
    for (const sink of this.sinks) this.#cut(sink, opened.sinkState(sink.name))
    this.checkNoLoss(opened.stats)
  }

  /** Without flipped bits nothing is lost and nothing is corrupt. */
  checkNoLoss(stats: ChannelStats): void {
    if ([...this.model.appends.values()].some((append) => append.damaged)) return
    if (stats.lostEvents !== 0) fail(`${stats.lostEvents} events count as lost, no bit was flipped`)
    if (stats.quarantinedRecords !== 0) {
      fail(`${stats.quarantinedRecords} records are quarantined, no bit was flipped`)
    }
  }

  /** The channel says it is empty: everything that was accepted must have been delivered. */
  drained(stats: ChannelStats): void {
    if (stats.backlogEvents !== 0) fail(`the empty channel counts ${stats.backlogEvents} events`)
    this.model.drained()
    let lost = 0
    let perhapsLost = 0
    for (const { append, copy } of this.model.expected()) {
      const place = this.#places.get(copy)
      if (place === undefined && append.damaged) lost++
      else if (place === undefined) fail(`${copy} was accepted and is not delivered`)
      else if (place === 'perhaps' && append.damaged) perhapsLost++
    }
    this.checkNoLoss(stats)
    if (stats.lostEvents < lost || stats.lostEvents > lost + perhapsLost) {
      fail(
        `${lost} events (perhaps ${perhapsLost} more) were hit, ${stats.lostEvents} count as lost`,
      )
    }
  }

  /** At the end of a run: the contents of the sinks, as a whole. */
  checkContents(): void {
    const seen = new Set<string>()
    for (const sink of this.sinks.filter(({ keepsState }) => keepsState)) {
      for (const copy of sink.content) {
        if (seen.has(copy)) fail(`${copy} was delivered twice`)
        seen.add(copy)
      }
    }
    this.model.checkCoverage()
    this.#checkSequences()
  }

  /** With one sink that works on one lease at a time the content has the order of the appends. */
  checkOrder(sink: ModelSink): void {
    // Without state a sink has what it got again after a restart twice.
    if (!sink.keepsState) return
    let last: Append | undefined
    let lastIndex = -1
    for (const copy of sink.content) {
      const append = this.#appendOf(copy)
      const index = append.events.findIndex(({ key }) => copy.endsWith(`/${key}`))
      const before =
        last !== undefined && (append.id < last.id || (append === last && index <= lastIndex))
      if (before) fail(`${copy} came after an event of append ${last!.id}`)
      last = append
      lastIndex = index
    }
  }

  get deliveredCopies(): number {
    return this.sinks.reduce((sum, sink) => sum + sink.content.length, 0)
  }

  placeOf(copy: string): Place | undefined {
    return this.#places.get(copy)
  }

  #cut(sink: ModelSink, bytes: Buffer | undefined): void {
    for (const copy of sink.keepsState ? [] : sink.content) {
      if (this.#places.get(copy) === undefined) this.#places.set(copy, 'perhaps')
    }
    const durable = sink.saved.findLastIndex((each) => each.durable)
    const note = bytes === undefined ? undefined : Number(bytes.toString())
    const found = sink.saved.findIndex((each) => each.note === note)
    if (bytes !== undefined && found < 0)
      fail(`sink ${sink.name} gets a state it never saved: ${note}`)
    if (found < durable) {
      fail(
        `sink ${sink.name} gets ${note === undefined ? 'no state' : `state ${note}`}, but state ` +
          `${sink.saved[durable]!.note} was durable`,
      )
    }
    if (!sink.keepsState) return
    const length = sink.saved[found]?.length ?? 0
    for (const copy of sink.content.splice(length)) this.#places.delete(copy)
    sink.saved = sink.saved.slice(0, found + 1)
    for (const state of sink.saved) state.durable = true
  }

  #checkBatch(batch: Batch): string[] {
    if (batch.ids === undefined) fail('a batch of a lease has no ids')
    if (batch.ends.length !== batch.count) fail('a batch has not as many ends as events')
    const copies: string[] = []
    for (let i = 0; i < batch.count; i++) {
      const body = bodyAt(batch, i)
      const copy = copyInBody(body)
      if (!body.equals(bodyOf(copy, this.#fillerMax))) fail(`${copy} came with a changed body`)
      const append = this.#appendOf(copy)
      this.#checkHeaders(batch, i, { append, copy })
      this.model.delivered(append, copy)
      this.#checkId(`${batch.ids.stream}+${batch.ids.first + i}`, copy)
      this.#checkTime(copy, batch.appendedAtMs)
      this.#noteSequence(batch.ids.stream, { sequence: batch.ids.first + i, copy })
      copies.push(copy)
      this.eventsChecked++
    }
    return copies
  }

  #checkHeaders(batch: Batch, i: number, event: { append: Append; copy: string }): void {
    const key = event.copy.slice(event.copy.indexOf('/') + 1)
    const even = event.append.events.findIndex((each) => each.key === key) % 2 === 0
    if (headerAt(batch, i, 'append') !== String(event.append.id)) {
      fail(`${event.copy} came with the header append=${headerAt(batch, i, 'append')}`)
    }
    if (headerAt(batch, i, 'even') !== (even ? key : undefined)) {
      fail(`${event.copy} came with the header even=${headerAt(batch, i, 'even')}`)
    }
  }

  #checkId(id: string, copy: string): void {
    const other = this.#copyOfId.get(id)
    if (other !== undefined && other !== copy) fail(`id ${id} names ${other} and ${copy}`)
    const otherId = this.#idOfCopy.get(copy)
    if (otherId !== undefined && otherId !== id) fail(`${copy} came as ${otherId} and as ${id}`)
    this.#copyOfId.set(id, copy)
    this.#idOfCopy.set(copy, id)
  }

  /** Sinks choose buckets by it: it must be the same at each delivery. */
  #checkTime(copy: string, appendedAtMs: number | undefined): void {
    if (appendedAtMs === undefined) fail(`${copy} came without its time`)
    const before = this.#timeOfCopy.get(copy) ?? appendedAtMs
    if (before !== appendedAtMs) fail(`${copy} came with time ${before} and with ${appendedAtMs}`)
    this.#timeOfCopy.set(copy, appendedAtMs)
  }

  #noteSequence(stream: string, note: SequenceNote): void {
    const notes = this.#sequences.get(stream)
    if (notes) notes.push(note)
    else this.#sequences.set(stream, [note])
  }

  /** Within an epoch the sequence follows the order of the appends. */
  #checkSequences(): void {
    for (const notes of this.#sequences.values()) {
      const sorted = [...notes].sort((a, b) => a.sequence - b.sequence)
      let last = 0
      for (const { copy } of sorted) {
        const append = this.#appendOf(copy)
        if (append.id < last) fail(`${copy} has a sequence above an event of append ${last}`)
        last = append.id
      }
    }
  }

  #appendOf(copy: string): Append {
    const append = this.model.appends.get(Number(copy.slice(0, copy.indexOf('/'))))
    return append ?? fail(`${copy} was never appended`)
  }
}
