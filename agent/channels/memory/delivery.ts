import type { Batch, Position } from '../../core/batch.ts'

/** A batch in the channel and how much of it has been delivered. */
export class Delivery {
  readonly batch: Batch
  /**
   * *safe* waits for all before it in its stream too: some of its events came in with them, or it is
   * a position alone.
   */
  readonly safeInOrder: boolean
  readonly safe = Promise.withResolvers<void>()
  /** An acknowledgement of its events carried sink state: it is safe when that state is. */
  stateful = false
  /** Delivered runs [from, to), ascending, apart from each other. */
  #runs: [from: number, to: number][] = []
  #delivered = 0

  constructor(batch: Batch, safeInOrder: boolean) {
    this.batch = batch
    this.safeInOrder = safeInOrder
    this.safe.promise.catch(() => {})
  }

  get done(): boolean {
    return this.#delivered === this.batch.count
  }

  /** Events [from, to) were delivered; never before. */
  deliver(from: number, to: number): void {
    this.#delivered += to - from
    const at = this.#runs.findIndex((run) => run[0] > from)
    this.#runs.splice(at === -1 ? this.#runs.length : at, 0, [from, to])
    const merged: [number, number][] = []
    for (const run of this.#runs) {
      const last = merged.at(-1)
      if (last !== undefined && last[1] === run[0]) last[1] = run[1]
      else merged.push(run)
    }
    this.#runs = merged
  }

  /** Up to where the stream of the batch is delivered, counting from the start of the batch. */
  offset(): number {
    const origin = this.batch.origin!
    if (this.done) return origin.to
    const run = this.#runs[0]
    let prefix = run !== undefined && run[0] === 0 ? run[1] : 0
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
