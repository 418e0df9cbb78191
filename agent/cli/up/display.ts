import type { Output } from '../validate.ts'
import type { ReplicaRow } from './rows.ts'
import { formatRow, formatTable } from './table.ts'

/** How `flume up` shows itself. */
export interface Display {
  /** Something happened, or is wrong: one line. */
  message(text: string): void
  /** Called every second. */
  show(rows: readonly ReplicaRow[]): void
}

/** Between two looks of all replicas in a log. */
const LINES_EVERY = 10

/** A table on a terminal, in place; messages stand above it. */
export class TerminalDisplay implements Display {
  readonly #out: Output
  readonly #size: () => { readonly width: number; readonly height: number }
  #lines: readonly string[] = []

  constructor(out: Output, size: () => { readonly width: number; readonly height: number }) {
    this.#out = out
    this.#size = size
  }

  message(text: string): void {
    this.#erase()
    this.#out.stderr(`${text}\n`)
    this.#draw()
  }

  show(rows: readonly ReplicaRow[]): void {
    this.#erase()
    this.#lines = formatTable(rows, this.#size())
    this.#draw()
  }

  #erase(): void {
    // Up to the first line of the table, then all to the end of the screen.
    if (this.#lines.length > 0) this.#out.stdout(`\u001B[${this.#lines.length}A\r\u001B[J`)
  }

  #draw(): void {
    this.#out.stdout(this.#lines.map((line) => `${line}\n`).join(''))
  }
}

/** Lines for a log: messages, and each replica every ten seconds. */
export class LineDisplay implements Display {
  readonly #out: Output
  #looks = 0

  constructor(out: Output) {
    this.#out = out
  }

  message(text: string): void {
    this.#out.stderr(`${text}\n`)
  }

  show(rows: readonly ReplicaRow[]): void {
    if (this.#looks++ % LINES_EVERY !== LINES_EVERY - 1) return
    for (const row of rows) this.#out.stdout(`${formatRow(row)}\n`)
  }
}

/** A line of JSON every second; messages go to the standard error output. */
export class JsonDisplay implements Display {
  readonly #out: Output
  readonly #now: () => number

  constructor(out: Output, now: () => number) {
    this.#out = out
    this.#now = now
  }

  message(text: string): void {
    this.#out.stderr(`${text}\n`)
  }

  show(rows: readonly ReplicaRow[]): void {
    const at = new Date(this.#now()).toISOString()
    this.#out.stdout(`${JSON.stringify({ at, replicas: rows })}\n`)
  }
}
