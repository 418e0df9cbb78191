import type { FlumeError } from '../../core/errors.ts'
import { toFlumeError } from '../../core/errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import type { Call } from './client-call.ts'
import { calledOff, withOutcome } from './client-errors.ts'
import { Delivery } from './delivery.ts'
import { Endpoint } from './endpoint.ts'
import type { Dial, EndpointConnection, EndpointListener, EndpointStatus } from './endpoint.ts'

/** Somebody to send to. */
export interface Target {
  /** `host:port`: what it is known by. */
  readonly address: string
  readonly dial: Dial
}

export interface BalancerOptions {
  /** Per endpoint. */
  readonly connections: number
  /**
   * Events sent and not yet answered, over all endpoints: the most that can reach a second replica when
   * the first one fails after it took them.
   */
  readonly inFlightEventsMax: number
  readonly inFlightBytesMax: number
  readonly clock: Clock
  readonly random: Random
  /** Said once per change; `error` is set when the endpoint went down. */
  readonly onHealth: (address: string, error: FlumeError | undefined) => void
}

/** A pool can have hundreds of replicas; a message cannot. */
const FAILURES_SHOWN_MAX = 3

/** A call on its way to one endpoint after the other. */
interface Journey {
  readonly call: Call
  readonly delivery: Delivery
  /** `#tick` when it came. */
  readonly since: number
  /** Endpoints that got it and did not answer OK, with what became of it there. */
  readonly tried: Map<Endpoint, FlumeError>
  /** Where it is now. */
  at: EndpointConnection | undefined
}

type Decision =
  { readonly endpoint: Endpoint; readonly connection: EndpointConnection } | 'wait' | 'give up'

/**
 * Spreads calls over endpoints that are equally good: in turn over those that are live and have room,
 * the one with the least in flight first, so that a peer that hangs gets no more than it has.
 *
 * A call that failed goes to the next endpoint at once, but never before the first attempt settled: it
 * might succeed after all. Each endpoint gets it once; when none is left the delivery fails, and the
 * pace of further attempts is that of the caller. A call that finds no endpoint live has all of them
 * tried first, back-off or not.
 */
export class Balancer {
  #endpoints: readonly Endpoint[] = []
  /** No longer among them, with calls that are not answered yet. */
  readonly #leaving = new Set<Endpoint>()
  readonly #listener: EndpointListener
  readonly #options: BalancerOptions
  /** Calls that failed somewhere come before those that were nowhere. */
  readonly #again: Journey[] = []
  readonly #fresh: Journey[] = []
  readonly #sent = new Set<Journey>()
  #inFlightEvents = 0
  #inFlightBytes = 0
  /** Where the next turn begins. */
  #turn = 0
  /** Counts failures to connect, so that a call knows which came after it. */
  #tick = 0
  readonly #unreachableAt = new Map<Endpoint, number>()
  #waking = false
  /** Nothing is connected before there is something to send. */
  #isUsed = false
  #stopped: FlumeError | undefined

  constructor(options: BalancerOptions) {
    this.#options = options
    const { onHealth } = options
    this.#listener = {
      changed: () => this.#wake(),
      unreachable: (endpoint: Endpoint) => void this.#unreachableAt.set(endpoint, ++this.#tick),
      down: (endpoint: Endpoint, error: FlumeError) => onHealth(endpoint.address, error),
      live: (endpoint: Endpoint) => onHealth(endpoint.address, undefined),
    }
  }

  get hasEndpoints(): boolean {
    return this.#endpoints.length > 0
  }

  /**
   * The endpoints from now on. Those there are stay as they are; one that is not named gets nothing more,
   * and what it has in flight is waited for.
   */
  setTargets(targets: readonly Target[]): void {
    const known = new Map(this.#endpoints.map((each) => [each.address, each]))
    this.#setEndpoints(targets.map((target) => known.get(target.address) ?? this.#endpoint(target)))
  }

  /** As setTargets with those that are connected. */
  keepLive(): void {
    this.#setEndpoints(this.#endpoints.filter((each) => each.live))
  }

  #setEndpoints(next: readonly Endpoint[]): void {
    if (this.#stopped !== undefined) return
    const gone = this.#endpoints.filter((each) => !next.includes(each))
    const added = next.filter((each) => !this.#endpoints.includes(each))
    this.#endpoints = next
    this.#turn = 0
    for (const endpoint of gone) {
      this.#unreachableAt.delete(endpoint)
      if (endpoint.inFlightRequests > 0) this.#leaving.add(endpoint)
      endpoint.retire(calledOff('the replica is gone', 'none'))
    }
    // While others do well nobody would try them.
    if (this.#isUsed) for (const endpoint of added) endpoint.connect()
    this.#wake()
  }

  /**
   * Resolves when every call was answered OK, by whichever endpoint. Rejects once all of its attempts
   * settled; the outcome is 'none' when certainly no event arrived anywhere. When the signal aborts,
   * connections with calls of this delivery are destroyed.
   */
  async deliver(calls: readonly Call[], signal: AbortSignal): Promise<void> {
    if (this.#stopped !== undefined) throw this.#stopped
    if (signal.aborted) throw calledOff('the write was called off before it began', 'none')
    if (calls.length === 0) return
    this.#isUsed = true
    const delivery = new Delivery(calls.length)
    for (const call of calls) {
      const journey = { call, delivery, since: this.#tick, tried: new Map() }
      this.#fresh.push({ ...journey, at: undefined })
    }
    const abort = (): void => this.#abort(delivery, calledOff('the write was called off', 'none'))
    signal.addEventListener('abort', abort)
    this.#wake()
    try {
      await delivery.done
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Fails what waits and destroys all connections. Deliveries settle. */
  stop(reason: FlumeError): void {
    if (this.#stopped !== undefined) return
    this.#stopped = reason
    for (const endpoint of [...this.#endpoints, ...this.#leaving]) endpoint.stop(reason)
    for (const { delivery } of [...this.#again, ...this.#fresh]) this.#fail(delivery, reason)
  }

  status(): readonly EndpointStatus[] {
    return this.#endpoints.map((endpoint) => endpoint.status())
  }

  #endpoint({ address, dial }: Target): Endpoint {
    const { connections, clock, random } = this.#options
    return new Endpoint({ address, dial, connections, clock, random, on: this.#listener })
  }

  /** Once per turn, whatever changed in it. */
  #wake(): void {
    if (this.#waking) return
    this.#waking = true
    queueMicrotask(() => {
      this.#waking = false
      this.#move(this.#again)
      this.#move(this.#fresh)
    })
  }

  #move(queue: Journey[]): void {
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      const decision = this.#decide(next)
      if (decision === 'wait') return
      queue.shift()
      if (decision === 'give up') this.#fail(next.delivery, this.#failureOf(next), 1)
      else this.#send(next, decision)
    }
  }

  #decide(journey: Journey): Decision {
    const { call, tried, since } = journey
    const left = this.#endpoints.filter((each) => !tried.has(each))
    const live = left.filter((each) => each.live)
    if (live.length > 0) return this.#choose(call, live)
    if (left.some((each) => each.connecting)) return 'wait'
    const down = left.filter((each) => (this.#unreachableAt.get(each) ?? 0) <= since)
    for (const each of down) each.connect()
    return down.length > 0 ? 'wait' : 'give up'
  }

  /** Of the endpoints that are live, one with room: those that refuse only when all do. */
  #choose(call: Call, live: readonly Endpoint[]): Decision {
    if (this.#inFlightEvents > 0 && !this.#hasRoom(call)) return 'wait'
    const willing = live.filter((each) => !each.refusing)
    const candidates = willing.length > 0 ? willing : live
    let best: Exclude<Decision, string> | undefined
    for (const endpoint of this.#inTurn(candidates)) {
      const connection = endpoint.connectionFor(call)
      if (connection === undefined) continue
      if (best === undefined || endpoint.inFlightBytes < best.endpoint.inFlightBytes)
        best = { endpoint, connection }
    }
    return best ?? 'wait'
  }

  #hasRoom(call: Call): boolean {
    const { inFlightEventsMax, inFlightBytesMax } = this.#options
    return (
      this.#inFlightEvents + call.events <= inFlightEventsMax &&
      this.#inFlightBytes + call.bytes <= inFlightBytesMax
    )
  }

  /** The candidates, beginning after the one that was chosen last. */
  #inTurn(candidates: readonly Endpoint[]): readonly Endpoint[] {
    const from = candidates.findIndex((each) => this.#endpoints.indexOf(each) >= this.#turn)
    return from <= 0 ? candidates : [...candidates.slice(from), ...candidates.slice(0, from)]
  }

  #send(journey: Journey, to: Exclude<Decision, string>): void {
    const { call } = journey
    this.#turn = (this.#endpoints.indexOf(to.endpoint) + 1) % this.#endpoints.length
    this.#inFlightEvents += call.events
    this.#inFlightBytes += call.bytes
    this.#sent.add(journey)
    journey.at = to.connection
    to.endpoint.send(call, to.connection).then(
      () => this.#settled(journey, to.endpoint),
      (thrown: unknown) => this.#settled(journey, to.endpoint, toFlumeError(thrown)),
    )
  }

  #settled(journey: Journey, endpoint: Endpoint, error?: FlumeError): void {
    const { call, delivery } = journey
    this.#inFlightEvents -= call.events
    this.#inFlightBytes -= call.bytes
    this.#sent.delete(journey)
    if (endpoint.inFlightRequests === 0) this.#leaving.delete(endpoint)
    journey.at = undefined
    this.#wake()
    if (error === undefined) {
      call.delivered()
      delivery.delivered()
      return
    }
    if (error.outcome === 'unknown') delivery.maybeDelivered()
    journey.tried.set(endpoint, error)
    if (delivery.failed || this.#stopped !== undefined) this.#fail(delivery, error, 1)
    else this.#again.push(journey)
  }

  /** Fails a delivery: `settled` calls of it and all that wait end now, others when they settle. */
  #fail(delivery: Delivery, error: FlumeError, settled = 0): void {
    delivery.fail(
      error,
      settled + withdraw(this.#again, delivery) + withdraw(this.#fresh, delivery),
    )
  }

  #abort(delivery: Delivery, reason: FlumeError): void {
    this.#fail(delivery, reason)
    for (const journey of this.#sent) if (journey.delivery === delivery) journey.at?.destroy(reason)
  }

  /** What the caller is told when no endpoint is left for a call. */
  #failureOf({ tried }: Journey): FlumeError {
    const all = new Set([...tried.keys(), ...this.#endpoints])
    const failures = [...all].flatMap((each) => tried.get(each) ?? each.why ?? [])
    const [first, ...others] = failures
    if (first === undefined) return calledOff('no endpoint could be used', 'none')
    if (others.length === 0) return first
    const shown = failures.slice(0, FAILURES_SHOWN_MAX).map((each) => each.message)
    const message = `none of ${failures.length} endpoints took the events: ${shown.join(' | ')}`
    return withOutcome(first, first.outcome, message)
  }
}

/** Takes the calls of a delivery out of a queue and says how many there were. */
function withdraw(queue: Journey[], delivery: Delivery): number {
  const kept = queue.filter((each) => each.delivery !== delivery)
  const withdrawn = queue.length - kept.length
  queue.splice(0, queue.length, ...kept)
  return withdrawn
}
