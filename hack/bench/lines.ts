import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readSync, readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

/**
 * Lines for the benchmarks: `<number, 12 digits> <text>`, all of one length, each different. The
 * number makes it cheap to see what is missing or repeated, and to hash lines in sorted order: their
 * order is the order of the numbers.
 */
const NUMBER_DIGITS = 12
const BLOCK_BYTES = 4 * 2 ** 20
/** Text is taken from here, starting at another place for every line. */
const TEXT = textOf(64 * 1024)

function textOf(length: number): Buffer {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789 ./:-'
  const text = Buffer.alloc(length)
  let state = 1
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    text[i] = letters.charCodeAt((state >>> 16) % letters.length)
  }
  return text
}

/** Writes line `number`, its line feed included, to `at`. `bytes` counts the line feed. */
export function writeLine(target: Buffer, at: number, number: number, bytes: number): void {
  target.write(`${String(number).padStart(NUMBER_DIGITS, '0')} `, at, 'latin1')
  const head = NUMBER_DIGITS + 1
  let filled = head
  let from = (number * 97) % TEXT.length
  while (filled < bytes - 1) {
    const piece = Math.min(bytes - 1 - filled, TEXT.length - from)
    TEXT.copy(target, at + filled, from, from + piece)
    filled += piece
    from = 0
  }
  target[at + bytes - 1] = 10
}

/** Lines `first` to `first + count`, as one buffer. */
export function linesOf(first: number, count: number, bytes: number): Buffer {
  const lines = Buffer.allocUnsafe(count * bytes)
  for (let i = 0; i < count; i++) writeLine(lines, i * bytes, first + i, bytes)
  return lines
}

export interface Lines {
  readonly count: number
  /** Of one line, its line feed included. */
  readonly bytes: number
}

/** Writes a file of lines 0 to `count`, synced. */
export function writeLines(path: string, { count, bytes }: Lines): void {
  const perBlock = Math.max(1, Math.floor(BLOCK_BYTES / bytes))
  const fd = openSync(path, 'wx')
  for (let first = 0; first < count; first += perBlock) {
    writeSync(fd, linesOf(first, Math.min(perBlock, count - first), bytes))
  }
  fsyncSync(fd)
  closeSync(fd)
}

/** What was found in files that should hold lines 0 to `count` once each. */
export interface Verdict {
  readonly found: number
  readonly missing: number
  readonly repeated: number
  /** Lines that are none of those that were written. */
  readonly foreign: number
  /** Whether the hash over the sorted lines is that of the lines that were written. */
  readonly sameHash: boolean
}

export function isRight(verdict: Verdict): boolean {
  return verdict.sameHash && verdict.repeated === 0
}

/** Reads every file of directories and compares their lines with the ones that were written. */
export function verify(directories: string | readonly string[], lines: Lines): Verdict {
  const found = new Tally(lines)
  for (const directory of [directories].flat()) {
    for (const name of readdirSync(directory).sort()) readLines(join(directory, name), lines, found)
  }
  return found.verdict()
}

class Tally {
  readonly #lines: Lines
  readonly #seen: Uint8Array
  /** CRC of each line by number: hashed in the end, in sorted order. */
  readonly #crcs: Uint32Array
  #found = 0
  #repeated = 0
  #foreign = 0

  constructor(lines: Lines) {
    this.#lines = lines
    this.#seen = new Uint8Array(lines.count)
    this.#crcs = new Uint32Array(lines.count)
  }

  line(line: Buffer): void {
    this.#found++
    const number = Number(line.toString('latin1', 0, NUMBER_DIGITS))
    if (!(number >= 0 && number < this.#lines.count)) {
      this.#foreign++
      return
    }
    if (this.#seen[number] === 1) this.#repeated++
    this.#seen[number] = 1
    this.#crcs[number] = crc32(line)
  }

  verdict(): Verdict {
    const { count, bytes } = this.#lines
    let missing = 0
    for (const seen of this.#seen) missing += 1 - seen
    const expected = new Uint32Array(count)
    const line = Buffer.alloc(bytes)
    for (let i = 0; i < count; i++) {
      writeLine(line, 0, i, bytes)
      expected[i] = crc32(line)
    }
    return {
      found: this.#found,
      missing,
      repeated: this.#repeated,
      foreign: this.#foreign,
      sameHash: this.#foreign === 0 && hash(expected) === hash(this.#crcs),
    }
  }
}

function hash(crcs: Uint32Array): string {
  return createHash('sha256').update(crcs).digest('hex')
}

function readLines(path: string, { bytes }: Lines, found: Tally): void {
  const fd = openSync(path, 'r')
  // Lines of another length are found as foreign ones, so that whole blocks can be cut by length.
  const block = Buffer.allocUnsafe(Math.max(1, Math.floor(BLOCK_BYTES / bytes)) * bytes)
  for (;;) {
    let length = 0
    while (length < block.length) {
      const more = readSync(fd, block, length, block.length - length, null)
      if (more === 0) break
      length += more
    }
    for (let at = 0; at < length; at += bytes)
      found.line(block.subarray(at, Math.min(length, at + bytes)))
    if (length < block.length) break
  }
  closeSync(fd)
}
