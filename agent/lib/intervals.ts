/** A half-open range of whole numbers: from ≤ n < to. */
export interface Interval {
  from: number
  to: number
}

/**
 * A set of whole numbers kept as sorted, disjoint, non-adjacent ranges. Made for sequences: most
 * changes are at an end, and few ranges exist at a time.
 */
export class Intervals {
  readonly #ranges: Interval[] = []
  #size = 0

  /** Number of ranges. */
  get count(): number {
    return this.#ranges.length
  }

  /** Number of numbers. */
  get size(): number {
    return this.#size
  }

  get first(): Readonly<Interval> | undefined {
    return this.#ranges[0]
  }

  ranges(): readonly Readonly<Interval>[] {
    return this.#ranges
  }

  /** Adds a range; what was in already stays. Returns how many numbers are new. */
  add(from: number, to: number): number {
    if (from >= to) return 0
    const start = this.#firstEndingAtOrAfter(from)
    let end = start
    let low = from
    let high = to
    let covered = 0
    while (end < this.#ranges.length && this.#ranges[end]!.from <= to) {
      const range = this.#ranges[end]!
      covered += range.to - range.from
      low = Math.min(low, range.from)
      high = Math.max(high, range.to)
      end++
    }
    this.#ranges.splice(start, end - start, { from: low, to: high })
    const added = high - low - covered
    this.#size += added
    return added
  }

  /** Removes a range; what was not in is ignored. Returns how many numbers were removed. */
  remove(from: number, to: number): number {
    let removed = 0
    let i = this.#firstEndingAtOrAfter(from)
    while (i < this.#ranges.length && this.#ranges[i]!.from < to) {
      const range = this.#ranges[i]!
      const low = Math.max(range.from, from)
      const high = Math.min(range.to, to)
      if (low >= high) {
        i++
        continue
      }
      removed += high - low
      const rest: Interval[] = []
      if (range.from < low) rest.push({ from: range.from, to: low })
      if (high < range.to) rest.push({ from: high, to: range.to })
      this.#ranges.splice(i, 1, ...rest)
      i += rest.length
    }
    this.#size -= removed
    return removed
  }

  has(value: number): boolean {
    const range = this.#ranges[this.#firstEndingAtOrAfter(value + 1)]
    return range !== undefined && range.from <= value
  }

  /** How many numbers of [from, to) are in. */
  countIn(from: number, to: number): number {
    let count = 0
    for (let i = this.#firstEndingAtOrAfter(from); i < this.#ranges.length; i++) {
      const range = this.#ranges[i]!
      if (range.from >= to) break
      count += Math.max(0, Math.min(range.to, to) - Math.max(range.from, from))
    }
    return count
  }

  #firstEndingAtOrAfter(value: number): number {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ranges[middle]!.to < value) low = middle + 1
      else high = middle
    }
    return low
  }
}
