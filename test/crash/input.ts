import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { SeededRandom } from '../sim/random.ts'

/** Lines that say themselves whether they are whole: `00000042 abc… 00000042`. */
export function lineOf(id: number, random: SeededRandom): string {
  const number = String(id).padStart(8, '0')
  const word = isDropped(id) ? 'DEBUG ' : ''
  const filler = 'abcdefghij'.repeat(random.between(1, 50))
  return `${number} ${word}${filler} ${number}\n`
}

/** The lines that the filter of a flow with interceptors drops on purpose. */
export function isDropped(id: number): boolean {
  return id % 17 === 5
}

/** The id of a whole line without its line feed, or undefined. */
export function idOf(line: string): number | undefined {
  const match = /^(\d{8}) (?:DEBUG )?[a-j]+ (\d{8})$/.exec(line)
  return match !== null && match[1] === match[2] ? Number(match[1]) : undefined
}

/**
 * A log file as applications write it: lines come in bursts, some in two pieces, and the file is
 * rotated by renaming it.
 */
export class InputWriter {
  readonly #directory: string
  readonly #random: SeededRandom
  #fd: number
  #rest = ''
  #rotations = 0
  #timer: NodeJS.Timeout | undefined
  /** Lines written so far; their ids are 0 … lines - 1. The last may still lack its end. */
  lines = 0

  constructor(directory: string, random: SeededRandom) {
    this.#directory = directory
    this.#random = random
    this.#fd = openSync(join(directory, 'app.log'), 'a')
  }

  /** Writes about `linesPerSecond` until `stop`. */
  start(linesPerSecond: number): void {
    const everyMs = 20
    this.#timer = setInterval(() => {
      this.writeLines(this.#random.between(1, (2 * linesPerSecond * everyMs) / 1000))
      if (this.#random.chance(0.02)) this.rotate()
    }, everyMs)
  }

  writeLines(count: number): void {
    let text = this.#rest
    for (let i = 0; i < count; i++) text += lineOf(this.lines++, this.#random)
    // The last line of some bursts is completed by the next burst.
    const cut = this.#random.chance(0.3) ? this.#random.between(1, 20) : 0
    this.#rest = text.slice(text.length - cut)
    writeSync(this.#fd, text.slice(0, text.length - cut))
  }

  rotate(): void {
    this.#complete()
    closeSync(this.#fd)
    this.#rotations += 1
    renameSync(
      join(this.#directory, 'app.log'),
      join(this.#directory, `app.log.${this.#rotations}`),
    )
    this.#fd = openSync(join(this.#directory, 'app.log'), 'ax')
  }

  /** Ends the last line and the writing. */
  stop(): void {
    clearInterval(this.#timer)
    this.#complete()
    fsyncSync(this.#fd)
    closeSync(this.#fd)
  }

  #complete(): void {
    writeSync(this.#fd, this.#rest)
    this.#rest = ''
  }
}
