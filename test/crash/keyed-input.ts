import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SeededRandom } from '../sim/random.ts'
import { InputWriter, lineOf } from './input.ts'

/** How many keys there are; each has a log of its own, in a directory of its own. */
export const KEYS = 3

const IDS_PER_KEY = 30_000_000
const EVERY_MS = 20
const ROTATION_SHARE = 0.02

export function keyOf(id: number): number {
  return Math.floor(id / IDS_PER_KEY)
}

/** How many lines of its key were written before this one. */
export function indexOf(id: number): number {
  return id % IDS_PER_KEY
}

export function idAt(key: number, index: number): number {
  return key * IDS_PER_KEY + index
}

/** Logs of several keys. Every line has an id of its own, which says its key. */
export class KeyedInput {
  readonly #writers: readonly InputWriter[]
  readonly #directories: readonly string[]
  readonly #random: SeededRandom
  #timer: NodeJS.Timeout | undefined
  #marks = 0

  constructor(directory: string, random: SeededRandom) {
    this.#random = random
    this.#directories = Array.from({ length: KEYS }, (_, key) => join(directory, `k${key}`))
    this.#writers = this.#directories.map((each, key) => {
      mkdirSync(each, { recursive: true })
      const writer = new InputWriter(each, random)
      writer.lines = idAt(key, 0)
      return writer
    })
  }

  /** Lines written so far, by key. */
  lines(): readonly number[] {
    return this.#writers.map((writer) => indexOf(writer.lines))
  }

  writeLines(count: number): void {
    for (const writer of this.#writers) writer.writeLines(count)
  }

  /** Writes about `linesPerSecond` of each key until `pause`. */
  start(linesPerSecond: number): void {
    clearInterval(this.#timer)
    this.#timer = setInterval(() => {
      for (const writer of this.#writers) {
        writer.writeLines(this.#random.between(1, (2 * linesPerSecond * EVERY_MS) / 1000))
        if (this.#random.chance(ROTATION_SHARE)) writer.rotate()
      }
    }, EVERY_MS)
  }

  /** Also completes the last lines. */
  pause(): void {
    clearInterval(this.#timer)
    for (const writer of this.#writers) writer.rotate()
  }

  /**
   * Makes a new file of one line for each key. A reader that has them all has looked at all files
   * since, and so knows all that was written before.
   */
  mark(): void {
    this.#marks += 1
    for (const [key, writer] of this.#writers.entries()) {
      const file = join(this.#directories[key]!, `app.log.mark-${this.#marks}`)
      writeFileSync(file, lineOf(writer.lines++, this.#random))
    }
  }

  /** How many files there are. */
  files(): number {
    return this.#directories.reduce((count, each) => count + readdirSync(each).length, 0)
  }

  stop(): void {
    clearInterval(this.#timer)
    for (const writer of this.#writers) writer.stop()
  }
}
