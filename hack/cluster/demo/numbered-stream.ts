import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** Events of one request. */
export const BATCH_EVENTS = 50
/** A request that is not answered by then is sent again. */
const REQUEST_TIMEOUT_MS = 5_000
const RETRY_PAUSE_MS = 100
const ID_DIGITS = 9

export interface NumberedStreamOptions {
  /** Of an HTTP source. */
  readonly url: string
  readonly eventsPerSecond: number
  /** Requests under way at a time. */
  readonly connections: number
}

/** An event's number as its body. */
export function bodyOf(id: number): string {
  return String(id).padStart(ID_DIGITS, '0')
}

/** The number in a line of an output; undefined for a line that is none of ours, or not whole. */
export function idOf(line: string): number | undefined {
  return /^\d{9}$/.test(line) ? Number(line) : undefined
}

/**
 * Sends numbered events to an HTTP source, as an application does: at a fixed rate, each request again until it is
 * answered 200. What was answered must come out.
 */
export class NumberedStream {
  readonly #options: NumberedStreamOptions
  readonly #agent: Agent
  readonly #running: Promise<void>[]
  readonly #startedAtMs = performance.now()
  #next = 0
  #acknowledged = 0
  #requestsRepeated = 0
  #longestWaitMs = 0
  #stopping = false
  #givingUp = false

  constructor(options: NumberedStreamOptions) {
    this.#options = options
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.connections })
    this.#running = Array.from({ length: options.connections }, () => this.#run())
  }

  /** Numbers below this were sent, be it without an answer. */
  get sent(): number {
    return this.#next
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Requests that were sent again: each may have been taken before, so that its events may come twice. */
  get requestsRepeated(): number {
    return this.#requestsRepeated
  }

  /** From the first attempt of a request to its answer. */
  get longestWaitMs(): number {
    return this.#longestWaitMs
  }

  /** Begins no new request and waits for the answers of those under way, `secondsMax` at most. */
  async stop(secondsMax: number): Promise<void> {
    this.#stopping = true
    const late = AbortSignal.timeout(1000 * secondsMax)
    late.addEventListener('abort', () => (this.#givingUp = true))
    await Promise.all(this.#running)
    this.#agent.destroy()
    if (this.#acknowledged < this.#next)
      throw new Error(`${this.#next - this.#acknowledged} events were not taken in ${secondsMax} s`)
  }

  async #run(): Promise<void> {
    const { eventsPerSecond } = this.#options
    while (!this.#stopping) {
      const first = this.#next
      this.#next += BATCH_EVENTS
      const dueMs = this.#startedAtMs + (first / eventsPerSecond) * 1000
      await pause(Math.max(0, dueMs - performance.now()))
      await this.#deliver(first)
    }
  }

  async #deliver(first: number): Promise<void> {
    const events = Array.from({ length: BATCH_EVENTS }, (_, i) => ({ body: bodyOf(first + i) }))
    const body = JSON.stringify(events)
    const startedAtMs = performance.now()
    while (!(await this.#post(body))) {
      if (this.#givingUp) return
      this.#requestsRepeated++
      await pause(RETRY_PAUSE_MS)
    }
    this.#longestWaitMs = Math.max(this.#longestWaitMs, performance.now() - startedAtMs)
    this.#acknowledged += BATCH_EVENTS
  }

  /** Whether it was taken. */
  #post(body: string): Promise<boolean> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json' }
      const call = request(
        this.#options.url,
        { method: 'POST', agent: this.#agent, headers, timeout: REQUEST_TIMEOUT_MS },
        (response) => {
          response.resume().once('close', () => resolve(response.statusCode === 200))
        },
      )
      call.once('timeout', () => call.destroy())
      call.once('error', () => resolve(false))
      call.end(body)
    })
  }
}
