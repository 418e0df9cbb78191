/** Where records lie, one place in every stretch of a segment. */
interface Place {
  readonly sequence: number
  readonly offset: number
}

const STRETCH_BYTES = 256 * 1024

/**
 * A sparse index: for each segment some record places, so that a reader need not start at the
 * beginning of a segment. In memory only; what it lacks is found by scanning.
 */
export class IndexTable {
  readonly #places = new Map<number, Place[]>()

  /** Notes that the record with `sequence` as its first lies at `offset`. */
  note(segment: number, sequence: number, offset: number): void {
    let places = this.#places.get(segment)
    if (places === undefined) this.#places.set(segment, (places = []))
    const last = places.at(-1)
    if (last !== undefined && offset < last.offset + STRETCH_BYTES) return
    places.push({ sequence, offset })
  }

  /** The last known place in the segment at or before `sequence`. */
  find(segment: number, sequence: number): Place | undefined {
    return this.#places.get(segment)?.findLast((place) => place.sequence <= sequence)
  }

  /** Forgets segments below `number`. */
  forgetBelow(number: number): void {
    for (const segment of this.#places.keys()) if (segment < number) this.#places.delete(segment)
  }
}
