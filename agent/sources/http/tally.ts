import type { Answer } from './answer.ts'

/** What requests were answered, for the status. */
export class Tally {
  readonly #byStatus = new Map<number, number>()
  #refused: Readonly<Record<string, unknown>> | undefined

  /** `from` is the address of the client. */
  count({ status, reason }: Answer, from: string | undefined, nowMs: number): void {
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1)
    if (status === 200) return
    this.#refused = { status, reason, from, time: new Date(nowMs).toISOString() }
  }

  /** Requests by status; the last that was not taken, and why. */
  status(): Readonly<Record<string, unknown>> {
    return { answers: Object.fromEntries(this.#byStatus), lastRefused: this.#refused }
  }
}
