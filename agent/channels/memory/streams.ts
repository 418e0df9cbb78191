import type { Origin, Position } from '../../core/batch.ts'
import { later } from './delivery.ts'
import type { Delivery } from './delivery.ts'
import { Fifo } from './fifo.ts'
import { STREAMS_MAX } from './positions-log.ts'

/**
 * How far each stream was taken and delivered. Acknowledgements come in any order; the delivered
 * position of a stream is the offset up to which all its events are.
 *
 *   batches of a stream:   [done][done][half     ][done][   ]
 *   position:                          ^
 */
export class Streams {
  readonly #taken: Map<string, Position>
  readonly #delivered: Map<string, Position>
  readonly #pending = new Map<string, Fifo<Delivery>>()

  /** `positions`: what was delivered before this open. */
  constructor(positions: ReadonlyMap<string, Position>) {
    this.#taken = new Map(positions)
    this.#delivered = new Map(positions)
  }

  taken(): ReadonlyMap<string, Position> {
    return this.#taken
  }

  /** How many events at the start of a batch with this origin are in the channel or behind it. */
  known(origin: Origin): number {
    const taken = this.#taken.get(origin.stream)
    if (taken === undefined || origin.routing === '' || taken.routing !== origin.routing) return 0
    let count = 0
    while (count < origin.offsets.length && origin.offsets[count]! <= taken.offset) count++
    return count
  }

  add(delivery: Delivery): void {
    const { stream, to, routing, memo } = delivery.batch.origin!
    const taken = later(this.#taken.get(stream), { offset: to, routing, memo })
    // Deleted first, so that the order of the map is the order of the last moves.
    this.#taken.delete(stream)
    this.#taken.set(stream, taken)
    this.#forgetOldest()
    let pending = this.#pending.get(stream)
    if (pending === undefined) this.#pending.set(stream, (pending = new Fifo()))
    pending.push(delivery)
  }

  /** Keeps the table within its bound; streams with events under way stay. */
  #forgetOldest(): void {
    for (const stream of this.#taken.keys()) {
      if (this.#taken.size <= STREAMS_MAX) return
      if (this.#pending.has(stream)) continue
      this.#taken.delete(stream)
      this.#delivered.delete(stream)
    }
  }

  /**
   * Moves the position of a stream as far as its deliveries allow. Gives the new position if it
   * moved, and the deliveries that are behind it now.
   */
  advance(stream: string): {
    readonly position: Position | undefined
    readonly passed: readonly Delivery[]
  } {
    const pending = this.#pending.get(stream)
    if (pending === undefined) return { position: undefined, passed: [] }
    const before = this.#delivered.get(stream)
    const passed: Delivery[] = []
    for (let first = pending.first(); first !== undefined; first = pending.first()) {
      const { routing, memo } = first.batch.origin!
      const position = { offset: first.offset(), routing, memo }
      this.#delivered.set(stream, later(this.#delivered.get(stream), position))
      if (!first.done) break
      passed.push(first)
      pending.shift()
    }
    if (pending.length === 0) this.#pending.delete(stream)
    const after = this.#delivered.get(stream)
    return { position: same(before, after) ? undefined : after, passed }
  }
}

function same(a: Position | undefined, b: Position | undefined): boolean {
  return a?.offset === b?.offset && a?.routing === b?.routing && a?.memo === b?.memo
}
