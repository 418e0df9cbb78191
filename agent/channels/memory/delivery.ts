import type { Batch, Position } from '../../core/batch.ts'
import { Intervals } from '../../lib/intervals.ts'

/** A batch in the channel and how much of it has been delivered. */
export class Delivery {
  readonly batch: Batch
  /**
   * *safe* waits for all before it in its stream too: some of its events came in with them, or it is
   * a position alone.
   */
  readonly safeInOrder: boolean
  /** The sender's stream it came from, if it did. */
  readonly sender: string | undefined
  readonly safe = Promise.withResolvers<void>()
  /** An acknowledgement of its events carried sink state: it is safe when that state is. */
  stateful = false
  /** Numbers of the delivered events, counted from 0. */
  readonly #delivered = new Intervals()

  constructor(batch: Batch, safeInOrder: boolean, sender?: string) {
    this.batch = batch
    this.safeInOrder = safeInOrder
    this.sender = sender
    this.safe.promise.catch(() => {})
  }

  get done(): boolean {
    return this.#delivered.size === this.batch.count
  }

  /** Events [from, to) were delivered; never before. */
  deliver(from: number, to: number): void {
    this.#delivered.add(from, to)
  }

  /** Up to where the stream of the batch is delivered, counting from the start of the batch. */
  offset(): number {
    const origin = this.batch.origin!
    if (this.done) return origin.to
    const { first } = this.#delivered
    let prefix = first?.from === 0 ? first.to : 0
    // Events that share an offset are children of one: the position passes them together.
    while (prefix > 0 && origin.offsets[prefix - 1] === origin.offsets[prefix]) prefix--
    return prefix === 0 ? origin.from : origin.offsets[prefix - 1]!
  }
}

/** The position after `next`: only another routing, which reads again, moves it back. */
export function later(current: Position | undefined, next: Position): Position {
  if (current === undefined || current.routing !== next.routing) return next
  return next.offset >= current.offset ? next : current
}
