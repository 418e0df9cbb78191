/** Of one request: what a receiver reads before it knows whether it wants to. */
export const RANGES_MAX = 64

/** The sequences of the events of a request: ascending, both ends inclusive. */
export class SequenceRanges {
  readonly #ranges: { readonly first: number; last: number }[] = []

  /** Adds `count` events from `first` on; false, and nothing added, when they do not follow the others. */
  add(first: number, count: number): boolean {
    const last = first + count - 1
    const previous = this.#ranges.at(-1)
    if (previous !== undefined && first <= previous.last) return false
    if (previous !== undefined && first === previous.last + 1) previous.last = last
    else if (this.#ranges.length === RANGES_MAX) return false
    else this.#ranges.push({ first, last })
    return true
  }

  /** `first-last,first-last` */
  toString(): string {
    return this.#ranges.map(({ first, last }) => `${first}-${last}`).join(',')
  }
}
