import type { Headers } from '../../core/batch.ts'
import { tooLarge } from './answer.ts'
import type { Answer } from './answer.ts'

/** Different header names in one request. */
const NAMES_MAX = 1024
/** Names times events: each name takes a place for every event, also for those without it. */
const CELLS_MAX = 4 * 2 ** 20
const NAME_LENGTH_MAX = 1024
const SHOWN_LENGTH_MAX = 64

/** Collects the headers of a batch as columns, with no object for an event. */
export class HeaderTable {
  readonly #count: number
  readonly #columns = new Map<string, (string | undefined)[]>()

  /** For `count` events. */
  constructor(count: number) {
    this.#count = count
  }

  /** Sets a header of event i, or says why the request is too large for that. */
  set(i: number, name: string, value: string): Answer | undefined {
    let column = this.#columns.get(name)
    if (column === undefined) {
      const problem = this.#problem(name)
      if (problem !== undefined) return problem
      column = Array.from<string | undefined>({ length: this.#count })
      this.#columns.set(name, column)
    }
    column[i] = value
    return undefined
  }

  /** What was set; a name with one value on all events is common to them. */
  headers(): Headers {
    const common = new Map<string, string>()
    for (const [name, values] of this.#columns) {
      const first = values[0]
      if (first === undefined || values.some((value) => value !== first)) continue
      common.set(name, first)
      this.#columns.delete(name)
    }
    return { common, columns: this.#columns }
  }

  #problem(name: string): Answer | undefined {
    const names = this.#columns.size + 1
    if (name.length > NAME_LENGTH_MAX)
      return tooLarge(`a header name has more than ${NAME_LENGTH_MAX} characters: ${shown(name)}`)
    if (names > NAMES_MAX)
      return tooLarge(`the request has more than ${NAMES_MAX} different header names`)
    if (names * this.#count > CELLS_MAX)
      return tooLarge(
        `the request has ${this.#count} events with ${names} different header names; send fewer events at a time`,
      )
    return undefined
  }
}

/** A name from outside, quoted and cut, for messages. */
export function shown(name: string): string {
  return JSON.stringify(
    name.length > SHOWN_LENGTH_MAX ? `${name.slice(0, SHOWN_LENGTH_MAX)}…` : name,
  )
}
