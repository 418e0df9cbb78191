import type { FlumeError } from '../../core/errors.ts'
import { toFlumeError } from '../../core/errors.ts'
import { backoffMs } from '../../lib/backoff.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import type { Call } from './client-call.ts'

/** Between two attempts to reach a peer that failed, and how long one that refuses is passed over. */
export const ENDPOINT_BACKOFF = { minMs: 100, maxMs: 5_000 }

/** What an endpoint needs of a connection; see connection.ts. */
export interface EndpointConnection {
  readonly inFlightRequests: number
  readonly inFlightEvents: number
  readonly inFlightBytes: number
  /** Whether it takes this call now. */
  hasRoom(call: Call): boolean
  /** Resolves when the peer answered OK. Settles always. */
  send(call: Call): Promise<void>
  /** Ends it; what is in flight rejects with an unknown outcome. */
  destroy(reason: FlumeError): void
}

/** `onClosed` is called once, when the connection is of no further use, also after `destroy`. */
export type Dial = (
  signal: AbortSignal,
  onClosed: (error: FlumeError) => void,
) => Promise<EndpointConnection>

export interface EndpointOptions {
  /** `host:port`, as in the configuration. */
  readonly address: string
  readonly connections: number
  readonly dial: Dial
  readonly clock: Clock
  readonly random: Random
  readonly on: EndpointListener
}

/** What the owner of endpoints hears. */
export interface EndpointListener {
  /** Something changed that may let a waiting call go, or end its waiting. */
  changed(): void
  /** Connecting failed. */
  unreachable(endpoint: Endpoint): void
  /** It was never reached, or its last connection was lost: said once until it is live again. */
  down(endpoint: Endpoint, error: FlumeError): void
  live(endpoint: Endpoint): void
}

export interface EndpointStatus {
  readonly address: string
  readonly live: boolean
  /** Why it is not used, or was not lately; null after an answer. */
  readonly why: string | null
  readonly connections: number
  readonly requestsInFlight: number
  readonly eventsInFlight: number
  readonly eventsTotal: number
  /** In a row, without an answer OK in between. */
  readonly failures: number
}

/**
 * One peer: several connections to one address, opened by the first call and kept open. When they are
 * lost, it is tried again with growing delays, events or not, by connecting and exchanging the handshake:
 * a peer that hangs is found out without any event at stake.
 */
export class Endpoint {
  readonly address: string
  readonly #options: EndpointOptions
  readonly #ending = new AbortController()
  readonly #open = new Set<EndpointConnection>()
  #dialing = 0
  #retry: Timer | undefined
  #failures = 0
  #refusals = 0
  #refusingUntilMs = -Infinity
  #why: FlumeError | undefined
  /** Set once nothing more is to be sent to it. */
  #leaving: FlumeError | undefined
  /** When the peer last said anything: a handshake, OK or not OK. */
  #heardAtMs = -Infinity
  #eventsTotal = 0
  /** What was last said to the listener; undefined: nothing yet. */
  #saidLive: boolean | undefined

  constructor(options: EndpointOptions) {
    this.address = options.address
    this.#options = options
  }

  /** Has a connection. */
  get live(): boolean {
    return this.#open.size > 0
  }

  get connecting(): boolean {
    return this.#dialing > 0
  }

  get why(): FlumeError | undefined {
    return this.#why
  }

  get inFlightRequests(): number {
    let requests = 0
    for (const each of this.#open) requests += each.inFlightRequests
    return requests
  }

  get inFlightEvents(): number {
    let events = 0
    for (const each of this.#open) events += each.inFlightEvents
    return events
  }

  get inFlightBytes(): number {
    let bytes = 0
    for (const each of this.#open) bytes += each.inFlightBytes
    return bytes
  }

  /** Answered lately, but not OK: others are preferred for a while. */
  get refusing(): boolean {
    return this.#options.clock.monotonic() < this.#refusingUntilMs
  }

  /** Opens what is missing, back-off or not. The first connection is tried alone. */
  connect(): void {
    if (this.#ending.signal.aborted) return
    this.#retry?.clear()
    this.#retry = undefined
    const wanted = this.live ? this.#options.connections : 1
    while (this.#open.size + this.#dialing < wanted) void this.#dial()
  }

  /** The connection with the least in flight of those that take the call. */
  connectionFor(call: Call): EndpointConnection | undefined {
    let best: EndpointConnection | undefined
    for (const each of this.#open) {
      if (!each.hasRoom(call)) continue
      if (best === undefined || each.inFlightBytes < best.inFlightBytes) best = each
    }
    return best
  }

  /** Resolves when the peer answered OK. */
  async send(call: Call, connection: EndpointConnection): Promise<void> {
    try {
      await connection.send(call)
    } catch (thrown) {
      const error = toFlumeError(thrown)
      if (error.code === 'FLM4304') this.#refused(error)
      throw error
    } finally {
      this.#closeIdle(connection)
    }
    this.#heardAtMs = this.#options.clock.monotonic()
    this.#eventsTotal += call.events
    this.#failures = 0
    this.#refusals = 0
    this.#refusingUntilMs = -Infinity
    this.#why = undefined
  }

  /** Takes nothing more; each connection is closed when what it has in flight has settled. */
  retire(reason: FlumeError): void {
    this.#leaving = reason
    this.#ending.abort(reason)
    this.#retry?.clear()
    this.#retry = undefined
    for (const each of this.#open) this.#closeIdle(each)
  }

  /** Closes all connections; what is in flight rejects. */
  stop(reason: FlumeError): void {
    this.#ending.abort(reason)
    this.#retry?.clear()
    this.#retry = undefined
    for (const each of this.#open) each.destroy(reason)
  }

  status(): EndpointStatus {
    return {
      address: this.address,
      live: this.live && !this.refusing,
      why: this.#why === undefined ? null : `${this.#why.code} ${this.#why.message}`,
      connections: this.#open.size,
      requestsInFlight: this.inFlightRequests,
      eventsInFlight: this.inFlightEvents,
      eventsTotal: this.#eventsTotal,
      failures: this.#failures + this.#refusals,
    }
  }

  #closeIdle(connection: EndpointConnection): void {
    if (this.#leaving !== undefined && connection.inFlightRequests === 0)
      connection.destroy(this.#leaving)
  }

  /** Never rejects. */
  async #dial(): Promise<void> {
    const { dial, on } = this.#options
    const { signal } = this.#ending
    let connection: EndpointConnection | undefined
    let closed: FlumeError | undefined
    this.#dialing++
    try {
      connection = await dial(signal, (error) => {
        closed = error
        if (connection === undefined || !this.#open.delete(connection)) return
        this.#leaveIfSilent(error)
        this.#lost(error)
      })
    } catch (thrown) {
      closed = toFlumeError(thrown)
    }
    this.#dialing--
    if (closed !== undefined || connection === undefined) {
      if (!this.live) on.unreachable(this)
      this.#lost(closed!)
      return
    }
    if (signal.aborted) {
      // It ended in the very moment in which the connection was made.
      connection.destroy(toFlumeError(signal.reason))
      return
    }
    this.#open.add(connection)
    this.#heardAtMs = this.#options.clock.monotonic()
    if (this.#saidLive !== true) on.live(this)
    this.#saidLive = true
    this.connect()
    on.changed()
  }

  /**
   * A peer that answered nothing in any connection for the time-out of one hangs in all: what was sent
   * later in the others would else be waited for once more.
   */
  #leaveIfSilent(error: FlumeError): void {
    if (error.code !== 'FLM4302') return
    const silentMs = this.#options.clock.monotonic() - this.#heardAtMs
    if (silentMs < Number(error.facts['requestTimeoutMs'])) return
    for (const each of this.#open) each.destroy(error)
  }

  /** A connection was lost or not had. Those that fail before the next attempt count as one failure. */
  #lost(error: FlumeError): void {
    const { clock, random, on } = this.#options
    if (!this.#ending.signal.aborted) {
      this.#why = error
      if (this.#retry === undefined) {
        const delayMs = backoffMs(++this.#failures, ENDPOINT_BACKOFF, random)
        this.#retry = clock.schedule(() => this.connect(), delayMs)
      }
      if (!this.live && this.#saidLive !== false) {
        this.#saidLive = false
        on.down(this, error)
      }
    }
    on.changed()
  }

  #refused(error: FlumeError): void {
    this.#heardAtMs = this.#options.clock.monotonic()
    this.#why = error
    // Calls that were under way together and are refused together count once.
    if (this.refusing) return
    const delayMs = backoffMs(++this.#refusals, ENDPOINT_BACKOFF, this.#options.random)
    this.#refusingUntilMs = this.#options.clock.monotonic() + delayMs
  }
}
