import type { Answer } from '../../rpc/avro/response.ts'

/** What happened since the start, for the status. */
export class Tally {
  #ok = 0
  #failed = 0
  #errors = 0
  /** Connections by rules or bounds of ours. */
  refused = 0
  /** Connections closed because of what the client sent. */
  bad = 0

  answered(answer: Answer): void {
    if (answer === 'OK') this.#ok++
    else if (answer === 'FAILED') this.#failed++
    else this.#errors++
  }

  status(): Readonly<Record<string, number>> {
    return {
      requestsOk: this.#ok,
      requestsFailed: this.#failed,
      requestsWrong: this.#errors,
      connectionsRefused: this.refused,
      connectionsBad: this.bad,
    }
  }
}
