import type { Batch } from '../../core/batch.ts'
import { SenderTable } from '../../core/sender-ranges.ts'

const SENDERS_BYTES_MAX = 2 ** 20

/**
 * What came from senders since the channel was opened. Not kept over a crash: then the events are gone
 * that were not delivered, and their senders, which got no answer, send them again.
 */
export class Senders {
  readonly #table = new SenderTable(SENDERS_BYTES_MAX)

  /** What is new of a batch with a sender's origin; it counts as taken from here on. */
  untaken(batch: Batch): Batch | undefined {
    const { stream, from, to, floor, routing } = batch.origin!
    const known = this.#table.get(stream)
    const fresh = known === undefined ? batch : known.untaken(batch)
    if (fresh !== undefined && fresh.count > 0)
      this.#table.take(stream, { from, to, floor: floor!, routing })
    return fresh?.count === 0 ? undefined : fresh
  }
}
