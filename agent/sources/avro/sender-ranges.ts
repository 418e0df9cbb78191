import type { Receipt } from '../../core/receipt.ts'
import { receipt } from '../../core/receipt.ts'

/** Sequences of one sender's stream, both ends inclusive. */
export interface SequenceRange {
  readonly first: number
  readonly last: number
}

interface Entry extends SequenceRange {
  readonly receipt: Receipt
}

/**
 * The ranges of senders that are on their way. A sender that got no answer sends again what may still
 * be here: the very same range shares the receipt of the first. A range that was cut otherwise waits
 * until those it overlaps are in the channels or were refused, and is then emitted: the channels trim
 * what they have.
 *
 * As many entries as there are requests in flight: their budget is the bound.
 */
export class SenderRangesInFlight {
  readonly #streams = new Map<string, Set<Entry>>()

  get count(): number {
    let count = 0
    for (const entries of this.#streams.values()) count += entries.size
    return count
  }

  take(stream: string, range: SequenceRange, emit: () => Receipt): Receipt {
    let entries = this.#streams.get(stream)
    if (entries === undefined) this.#streams.set(stream, (entries = new Set()))
    const overlaps: Promise<void>[] = []
    for (const each of entries) {
      if (each.first === range.first && each.last === range.last) return each.receipt
      if (each.first <= range.last && range.first <= each.last) overlaps.push(each.receipt.accepted)
    }
    const entry = {
      first: range.first,
      last: range.last,
      receipt: overlaps.length === 0 ? emit() : after(overlaps, emit),
    }
    entries.add(entry)
    void this.#removeWhenSettled(stream, entry)
    return entry.receipt
  }

  async #removeWhenSettled(stream: string, entry: Entry): Promise<void> {
    await Promise.allSettled([entry.receipt.safe])
    const entries = this.#streams.get(stream)!
    entries.delete(entry)
    if (entries.size === 0) this.#streams.delete(stream)
  }
}

/** The receipt of what is emitted when `earlier` settled, well or not. */
function after(earlier: readonly Promise<void>[], emit: () => Receipt): Receipt {
  const emitted = Promise.allSettled(earlier).then(emit)
  return receipt(
    emitted.then((each) => each.accepted),
    emitted.then((each) => each.safe),
  )
}
