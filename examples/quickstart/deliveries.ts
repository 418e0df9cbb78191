import { closeSync, openSync, readSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Every access line ends with its number: `id=00000042`. */
const ID = /id=(\d{8})$/

/**
 * The lines in the files of a directory, looked at again and again: only what was added is read. A line
 * that a repair cuts off again stays counted, since it is delivered again at once; the comparison at
 * the end (lines.ts) reads everything anew.
 */
export class Deliveries {
  readonly #directory: string
  /** By file name: how far it was read, always to the end of a line. */
  readonly #read = new Map<string, number>()
  readonly #ids = new Set<number>()
  #first = 0

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Different lines that are there. */
  get lines(): number {
    return this.#ids.size
  }

  /** The lowest number that is not there. */
  get firstMissing(): number {
    while (this.#ids.has(this.#first)) this.#first += 1
    return this.#first
  }

  look(): void {
    for (const name of readdirSync(this.#directory)) this.#readOn(name)
  }

  #readOn(name: string): void {
    const path = join(this.#directory, name)
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
    const from = Math.min(this.#read.get(name) ?? 0, size)
    const added = from < size ? bytesOf(path, from, size) : Buffer.alloc(0)
    const end = added.lastIndexOf(10) + 1
    this.#read.set(name, from + end)
    for (const line of added.toString('utf8', 0, end).split('\n')) {
      const id = ID.exec(line)?.[1]
      if (id !== undefined) this.#ids.add(Number(id))
    }
  }
}

function bytesOf(path: string, from: number, to: number): Buffer {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    // A repair has just removed it: its lines come again in another file.
    return Buffer.alloc(0)
  }
  try {
    const buffer = Buffer.alloc(to - from)
    return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, from))
  } finally {
    closeSync(fd)
  }
}
