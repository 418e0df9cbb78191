const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/** Whole lines found in a buffer. */
export interface Cut {
  readonly count: number
  /** Offsets after the line feed of each line, counted from where the scan began. */
  readonly ends: Uint32Array
  /** Bytes of these lines, line feeds included. */
  readonly bytes: number
  /** Whether any of them ends in `\r\n`. */
  readonly carriageReturns: boolean
  /** Why the scan ended: no further line feed, or a line above the maximum comes next. */
  readonly next: 'partial' | 'long'
}

/**
 * Finds the lines in a buffer. `Buffer.indexOf` runs at memory speed where a loop over bytes does
 * not; the table of ends is kept between calls, so that a scan allocates its result and no more.
 */
export class LineCutter {
  readonly #lineBytesMax: number
  #scratch = new Uint32Array(4096)

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax
  }

  /** The whole lines in `bytes`, which begins at a line start and holds nothing but valid bytes. */
  cut(bytes: Buffer): Cut {
    let ends = this.#scratch
    let count = 0
    let start = 0
    let carriageReturns = false
    let next: Cut['next'] = 'partial'
    for (;;) {
      const feed = bytes.indexOf(LINE_FEED, start)
      if (feed === -1) break
      const returned = feed > start && bytes[feed - 1] === CARRIAGE_RETURN
      if (
        feed - start > this.#lineBytesMax &&
        !(returned && feed - start === this.#lineBytesMax + 1)
      ) {
        next = 'long'
        break
      }
      if (returned) carriageReturns = true
      if (count === ends.length) ends = this.#grow()
      ends[count++] = start = feed + 1
    }
    return { count, ends: ends.slice(0, count), bytes: start, carriageReturns, next }
  }

  #grow(): Uint32Array<ArrayBuffer> {
    const larger = new Uint32Array(this.#scratch.length * 2)
    larger.set(this.#scratch)
    this.#scratch = larger
    return larger
  }
}

/**
 * Moves the lines together so that neither `\r\n` nor `\n` lies between them; in place. Returns the
 * bytes that remain and the new ends.
 */
export function stripLineEnds(
  bytes: Buffer,
  ends: Uint32Array,
): { readonly bodies: Buffer; readonly ends: Uint32Array } {
  const stripped = new Uint32Array(ends.length)
  let start = 0
  let at = 0
  for (let i = 0; i < ends.length; i++) {
    const feed = ends[i]! - 1
    const end = feed > start && bytes[feed - 1] === CARRIAGE_RETURN ? feed - 1 : feed
    bytes.copyWithin(at, start, end)
    stripped[i] = at += end - start
    start = feed + 1
  }
  return { bodies: bytes.subarray(0, at), ends: stripped }
}

/**
 * Where to cut a line that is above the maximum: after `max` bytes, or up to three less so that no
 * UTF-8 character is cut in two.
 */
export function cutPoint(bytes: Buffer, start: number, max: number): number {
  let end = start + max
  if (end >= bytes.length) return bytes.length
  for (let back = 0; back < 3 && (bytes[end]! & 0xc0) === 0x80; back++) end--
  // Bytes that are no UTF-8 at all are cut where the maximum says.
  return (bytes[end]! & 0xc0) === 0x80 ? start + max : end
}

/**
 * Ends of the pieces of a long line, each of at most `max` bytes, until at most `max` + `spare` bytes
 * remain; these are left for a later read.
 */
export function pieceEnds(line: Buffer, max: number, spare: number): Uint32Array {
  const ends: number[] = []
  let start = 0
  while (line.length - start > max + spare) {
    start = cutPoint(line, start, max)
    ends.push(start)
  }
  return Uint32Array.from(ends)
}

/** The line without its `\r`, if it has one. */
export function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}
