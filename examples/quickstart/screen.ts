import { stripVTControlCharacters } from 'node:util'

/** Output for people: one line that moves on a terminal, plain lines elsewhere. */

export interface ScreenOptions {
  readonly write: (text: string) => void
  readonly terminal: boolean
  /** Of the terminal; a longer status would not move but run down the screen. */
  readonly columns?: () => number
  readonly colour: boolean
}

const PLAIN_STATUS_EVERY_MS = 2000

export class Screen {
  readonly #options: ScreenOptions
  #statusShown = false
  #lastPlainMs = -Infinity

  constructor(options: ScreenOptions) {
    this.#options = options
  }

  /** A line that stays. */
  line(text = ''): void {
    this.#options.write(`${this.#statusShown ? '\r\u001B[2K' : ''}${text}\n`)
    this.#statusShown = false
  }

  /** The status: replaces the one before on a terminal, now and then a line elsewhere. */
  status(text: string, nowMs: number): void {
    if (this.#options.terminal) {
      this.#options.write(`\r\u001B[2K${this.#cut(text)}`)
      this.#statusShown = true
    } else if (nowMs - this.#lastPlainMs >= PLAIN_STATUS_EVERY_MS) {
      this.#options.write(`${text}\n`)
      this.#lastPlainMs = nowMs
    }
  }

  bold(text: string): string {
    return this.#paint(1, text)
  }

  dim(text: string): string {
    return this.#paint(2, text)
  }

  good(text: string): string {
    return this.#paint(32, text)
  }

  bad(text: string): string {
    return this.#paint(31, text)
  }

  #cut(text: string): string {
    const columns = this.#options.columns?.() ?? Infinity
    const plain = stripVTControlCharacters(text)
    return plain.length < columns ? text : plain.slice(0, columns - 1)
  }

  #paint(code: number, text: string): string {
    return this.#options.colour ? `\u001B[${code}m${text}\u001B[0m` : text
  }
}

/** 1234567 → 1,234,567 */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** 1234 → 1.2 s */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 1000 ? 2 : 1)} s`
}
