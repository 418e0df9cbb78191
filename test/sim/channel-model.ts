import type { Batch, Position } from '../../agent/core/batch.ts'
import { batchOf } from '../../agent/core/batch.ts'
import type { SeededRandom } from './random.ts'

/** The run broke a promise of the channel. The message says which, and on what. */
export class OracleFailure extends Error {
  override readonly name = 'OracleFailure'
}

export function fail(message: string): never {
  throw new OracleFailure(message)
}

/** One event of a stream that can be read again: the same index gives the same event, always. */
export interface ScriptedEvent {
  readonly key: string
  readonly offset: number
}

/**
 * A replayable stream, as a file is: index i ends at offset (i + 1) × 10. Some indices are filtered
 * on the way, some become three events that share the offset.
 */
export function scriptedEvents(stream: string, index: number): readonly ScriptedEvent[] {
  const offset = (index + 1) * 10
  if (index % 7 === 3) return []
  const children = index % 5 === 4 ? 3 : 1
  return Array.from({ length: children }, (_, child) => ({
    key: `${stream}.${index}.${child}`,
    offset,
  }))
}

/**
 * What became of an append: 'pending' while its receipt is; 'maybe' when the process ended before
 * and only its events can tell; 'absent' when it failed or was lost in a crash before its receipt.
 */
export type Outcome = 'pending' | 'safe' | 'absent' | 'maybe'

/** One call of `append`, and what must come of it. */
export interface Append {
  readonly id: number
  readonly stream: string | undefined
  readonly from: number
  readonly to: number
  readonly routing: string
  readonly memo: string
  /** What was handed over, before anything is trimmed. */
  readonly events: readonly ScriptedEvent[]
  /** How many indices of the stream it covers, filtered ones included. */
  outcome: Outcome
  /** The events that must be in the channel; known once all earlier appends of the stream settled. */
  stored: ReadonlySet<string> | undefined
  /** An event of it was handed to a sink: it is committed, whatever its receipt says. */
  seen: boolean
  /** Bits of its record were flipped on the medium. */
  damaged: boolean
}

interface StreamModel {
  position: Position | undefined
  /** Index of the first append that is not settled yet. */
  settled: number
  readonly appends: Append[]
}

/** The name of a copy in its body is shorter, brackets and line feed included. */
export const NAME_BYTES_MAX = 32

/** The name of one event of one append: a re-sent event has another one. */
export function copyOf(append: Append, key: string): string {
  return `${append.id}/${key}`
}

/** Body of a copy: its name, and a filler that follows from the name. */
export function bodyOf(copy: string, fillerMax: number): Buffer {
  let hash = 7
  for (let i = 0; i < copy.length; i++) hash = (Math.imul(hash, 31) + copy.charCodeAt(i)) >>> 0
  return Buffer.from(`[${copy}]${String.fromCharCode(97 + (hash % 26)).repeat(hash % fillerMax)}`)
}

export function copyInBody(body: Buffer): string {
  const text = body.toString('latin1', 0, 64)
  const end = text.indexOf(']')
  if (text[0] !== '[' || end < 0) fail(`a body that was never appended: ${JSON.stringify(text)}`)
  return text.slice(1, end)
}

/** What must be in the channel: the trivial model beside the real one. */
export class ChannelModel {
  readonly appends = new Map<number, Append>()
  readonly #streams = new Map<string, StreamModel>()
  #nextAppend = 1

  create(facts: Pick<Append, 'stream' | 'from' | 'to' | 'routing' | 'events'>): Append {
    const id = this.#nextAppend++
    const append: Append = {
      ...facts,
      id,
      memo: `m${id}`,
      outcome: 'pending',
      stored: undefined,
      seen: false,
      damaged: false,
    }
    this.appends.set(id, append)
    if (append.stream !== undefined) this.#stream(append.stream).appends.push(append)
    return append
  }

  /** A batch never reached the channel: it counts for nothing. */
  withdraw(append: Append): void {
    this.settle(append, 'absent')
  }

  /** The receipt came. */
  settle(append: Append, outcome: 'safe' | 'absent'): void {
    if (append.outcome !== 'pending') return
    if (outcome === 'absent' && append.seen) {
      fail(`append ${append.id} failed after its events had been delivered`)
    }
    append.outcome = outcome
    this.#evaluate(append)
  }

  /** An event of the append was handed to a sink. */
  delivered(append: Append, copy: string): void {
    if (append.outcome === 'absent') fail(`${copy} is of an append that failed or was lost`)
    append.seen = true
    if (append.outcome === 'maybe') {
      append.outcome = 'safe'
      append.stored ??= allCopies(append)
    }
    if (append.stored && !append.stored.has(copy)) {
      fail(`${copy} was delivered, but the channel had it before: it is a duplicate`)
    }
  }

  /** The position the model expects, once all appends of the stream are settled. */
  position(stream: string): Position | undefined {
    return this.#streams.get(stream)?.position
  }

  get streams(): readonly string[] {
    return [...this.#streams.keys()]
  }

  /**
   * The process ended and the channel was opened again: the positions say which of the appends
   * without receipt are in the channel.
   */
  reopened(positions: ReadonlyMap<string, Position>): void {
    for (const append of this.appends.values()) {
      if (append.outcome === 'pending' && append.stream === undefined) {
        append.outcome = append.seen ? 'safe' : 'maybe'
        append.stored = allCopies(append)
      }
    }
    for (const [stream, model] of this.#streams) this.#reopenStream(stream, model, positions)
    for (const stream of positions.keys()) {
      if (!this.#streams.has(stream)) fail(`position of stream ${stream}, which was never appended`)
    }
  }

  /** The channel is empty: what was not delivered is not there, and must not come back. */
  drained(): void {
    for (const append of this.appends.values()) {
      if (append.outcome === 'maybe') append.outcome = 'absent'
    }
  }

  /** Copies that must have been delivered by the time the channel is empty. */
  *expected(): IterableIterator<{ readonly append: Append; readonly copy: string }> {
    for (const append of this.appends.values()) {
      if (append.outcome !== 'safe') continue
      for (const copy of append.stored ?? allCopies(append)) yield { append, copy }
    }
  }

  /** Every event below a stream's position was stored at least once, or filtered. */
  checkCoverage(): void {
    for (const [stream, model] of this.#streams) {
      const covered = coveredBy(model.appends)
      const end = (model.position?.offset ?? 0) / 10
      for (let index = 0; index < end; index++) {
        const missing = scriptedEvents(stream, index).find(({ key }) => !covered.has(key))
        if (missing) fail(`the position of ${stream} is past ${missing.key}, which is nowhere`)
      }
    }
  }

  #reopenStream(
    stream: string,
    model: StreamModel,
    positions: ReadonlyMap<string, Position>,
  ): void {
    const found = positions.get(stream)
    const open = model.appends.slice(model.settled)
    const required = open.findLastIndex((append) => append.seen || append.outcome === 'safe') + 1
    let position = model.position
    const matches = samePlace(position, found) ? [0] : []
    const stored: ReadonlySet<string>[] = []
    for (const [i, append] of open.entries()) {
      stored.push(append.outcome === 'absent' ? new Set() : storedOf(append, position))
      if (append.outcome !== 'absent') position = advanced(append, position)
      if (samePlace(position, found)) matches.push(i + 1)
    }
    const possible = matches.filter((count) => count >= required)
    if (possible.length === 0) {
      const routes = open.map((each) => `${each.id}:${each.from}-${each.to}@${each.routing}`)
      fail(
        `${stream}: position ${place(found)} after reopening; before ${place(model.position)}, ` +
          `appends without receipt ${routes.join(' ')}, of which at least ${required} are committed`,
      )
    }
    const least = possible[0]!
    const most = possible.at(-1)!
    for (const [i, append] of open.entries()) {
      if (append.outcome === 'absent') continue
      append.stored = stored[i]!
      if (i < least) append.outcome = 'safe'
      else if (i >= most) append.outcome = 'absent'
      else append.outcome = append.stored.size > 0 ? 'maybe' : 'safe'
    }
    model.settled = model.appends.length
    model.position = found
  }

  #evaluate(append: Append): void {
    if (append.stream === undefined) {
      append.stored = append.outcome === 'safe' ? allCopies(append) : new Set()
      return
    }
    const model = this.#stream(append.stream)
    for (; model.settled < model.appends.length; model.settled++) {
      const next = model.appends[model.settled]!
      if (next.outcome === 'pending') return
      if (next.outcome !== 'safe') continue
      const gap = next.from > (model.position?.offset ?? 0)
      if (gap && next.routing === (model.position?.routing ?? next.routing)) {
        fail(
          `append ${next.id} of ${next.stream} from ${next.from} was taken, but what came before it ` +
            `(from ${model.position?.offset ?? 0}) failed: the position is ahead of the events`,
        )
      }
      next.stored = storedOf(next, model.position)
      model.position = advanced(next, model.position)
    }
  }

  #stream(name: string): StreamModel {
    let model = this.#streams.get(name)
    if (model === undefined) {
      model = { position: undefined, settled: 0, appends: [] }
      this.#streams.set(name, model)
    }
    return model
  }
}

function allCopies(append: Append): Set<string> {
  return new Set(append.events.map(({ key }) => copyOf(append, key)))
}

function storedOf(append: Append, position: Position | undefined): Set<string> {
  const trims = append.routing !== '' && append.routing === position?.routing
  const taken = append.events.filter(({ offset }) => !trims || offset > position.offset)
  return new Set(taken.map(({ key }) => copyOf(append, key)))
}

function advanced(append: Append, position: Position | undefined): Position {
  const { routing, memo, to } = append
  const trims = routing !== '' && routing === position?.routing
  return { routing, memo, offset: trims ? Math.max(to, position.offset) : to }
}

/** Keys of the events that were stored, or filtered with their whole batch. */
function coveredBy(appends: readonly Append[]): Set<string> {
  const covered = new Set<string>()
  for (const append of appends) {
    if (append.outcome !== 'safe') continue
    for (const copy of append.stored ?? []) covered.add(copy.slice(copy.indexOf('/') + 1))
    if (append.events.length > 0) continue
    for (let index = append.from / 10; index < append.to / 10; index++) {
      for (const { key } of scriptedEvents(append.stream!, index)) covered.add(key)
    }
  }
  return covered
}

function samePlace(a: Position | undefined, b: Position | undefined): boolean {
  return a?.offset === b?.offset && a?.routing === b?.routing
}

function place(position: Position | undefined): string {
  return position ? `${position.offset}@${position.routing}` : 'none'
}

/** The batch of an append. `gap` 1 puts a line feed behind each body. */
export function batchOfAppend(append: Append, fillerMax: number, random: SeededRandom): Batch {
  const events = append.events.map(({ key }, i) => ({
    body: bodyOf(copyOf(append, key), fillerMax),
    headers: { append: String(append.id), ...(i % 2 === 0 ? { even: key } : {}) },
  }))
  const origin =
    append.stream === undefined
      ? undefined
      : {
          stream: append.stream,
          from: append.from,
          to: append.to,
          offsets: Float64Array.from(append.events, ({ offset }) => offset),
          memo: append.memo,
          routing: append.routing,
        }
  const plain = batchOf(events, origin)
  return random.chance(0.5) ? plain : withGap(plain)
}

function withGap(batch: Batch): Batch {
  const bodies = Buffer.alloc(batch.bodies.length + batch.count, '\n')
  const ends = batch.ends.slice()
  for (let i = 0; i < batch.count; i++) {
    const start = i === 0 ? 0 : batch.ends[i - 1]!
    batch.bodies.copy(bodies, start + i, start, batch.ends[i])
    ends[i]! += i + 1
  }
  return { ...batch, bodies, ends, gap: 1 }
}
