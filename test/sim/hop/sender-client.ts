import { bodyAt } from '../../../agent/core/batch.ts'
import type { Batch } from '../../../agent/core/batch.ts'
import { toFlumeError } from '../../../agent/core/errors.ts'
import type { FlumeError } from '../../../agent/core/errors.ts'
import { Balancer } from '../../../agent/rpc/avro/balancer.ts'
import { callsOf } from '../../../agent/rpc/avro/calls.ts'
import type { Call } from '../../../agent/rpc/avro/client-call.ts'
import { calledOff, refused, unreachable } from '../../../agent/rpc/avro/client-errors.ts'
import { shakeHands } from '../../../agent/rpc/avro/client-handshake.ts'
import { Connection } from '../../../agent/rpc/avro/connection.ts'
import type { Dial, EndpointConnection } from '../../../agent/rpc/avro/endpoint.ts'
import { readResponse } from '../../../agent/rpc/avro/response.ts'
import { WireReader } from '../../../agent/rpc/avro/wire-reader.ts'
import { copyInBody } from '../channel-model.ts'
import type { Link } from './link.ts'
import type { ProcessContext } from './node.ts'

export interface SenderClientShape {
  /** Per receiver. */
  readonly connections: number
  readonly inFlightEventsMax: number
  readonly requestTimeoutMs: number
}

/** A receiver as a sender sees it. */
export interface Peer {
  readonly name: string
  /** A new connection, or undefined when nobody listens. */
  connect(): Link | undefined
}

/** Where the calls of a write stand, for the oracle. */
interface CallFacts {
  readonly keys: readonly string[]
  answeredOk: boolean
}

const BATCH_BYTES = 4096
const IN_FLIGHT_BYTES_MAX = 64 * 1024
/** With nothing in the way an answer comes in time, or those that are given up would pile up for ever. */
const CALM_TIMEOUT_MS = 8000
/** Of writes before which the name of the pool is looked up, with another answer. */
const LOOK_UP_SHARE = 0.1

/** The Avro client without its sockets: all that stands between a lease and the bytes of connections. */
export class SenderClient {
  readonly #name: string
  readonly #context: ProcessContext
  readonly #shape: SenderClientShape
  readonly #balancer: Balancer
  readonly #links: Link[] = []
  readonly #peers: readonly Peer[]
  #left = false
  readonly #facts = new WeakMap<Call, CallFacts>()

  constructor(
    name: string,
    context: ProcessContext,
    parts: { readonly peers: readonly Peer[]; readonly shape: SenderClientShape },
  ) {
    const { clock, random, world } = context
    const { connections, inFlightEventsMax } = parts.shape
    this.#name = name
    this.#context = context
    this.#shape = parts.shape
    this.#balancer = new Balancer({
      connections,
      inFlightEventsMax,
      inFlightBytesMax: IN_FLIGHT_BYTES_MAX,
      clock,
      random: random.fork(),
      onHealth: (peer, error) => world.note(`${name}: ${peer} ${error?.code ?? 'is live'}`),
    })
    this.#peers = parts.peers
    this.#lookUp(parts.peers)
  }

  /** Resolves when all was answered OK, and rejects when it was given up, cut in other places each time. */
  async write(batches: readonly Batch[], signal: AbortSignal): Promise<void> {
    const { random, world } = this.#context
    if (world.calm) this.#lookUp(this.#peers)
    // Replicas leave the name of their pool and come back, whatever they do meanwhile.
    else if (random.chance(LOOK_UP_SHARE))
      this.#lookUp(this.#peers.filter(() => random.chance(0.5)))
    const eventsMax = random.chance(0.5) ? 1000 : random.between(1, 12)
    const calls = callsOf(batches, { eventsMax, bytesMax: BATCH_BYTES })
    const keys = batches.flatMap((batch) =>
      Array.from({ length: batch.count }, (_, i) => copyInBody(bodyAt(batch, i))),
    )
    let at = 0
    for (const call of calls)
      this.#facts.set(call, { keys: keys.slice(at, (at += call.events)), answeredOk: false })
    try {
      await this.#balancer.deliver(calls, signal)
    } catch (thrown) {
      world.note(`${this.#name}: ${keys[0]} … ${keys.at(-1)}: ${toFlumeError(thrown).code}`)
      // What was answered is sent again with the rest.
      for (const call of calls) {
        const facts = this.#facts.get(call)!
        if (facts.answeredOk) world.oracle.gaveUp(facts.keys)
      }
      throw thrown
    }
  }

  stop(): void {
    this.#balancer.stop(calledOff('the sender stops', 'none'))
  }

  /** The process is gone: its connections are closed for it. */
  leave(): void {
    this.#left = true
    for (const link of this.#links) link.leaveClient()
  }

  #lookUp(peers: readonly Peer[]): void {
    if (peers.length === 0) this.#balancer.keepLive()
    else
      this.#balancer.setTargets(
        peers.map((peer) => ({ address: peer.name, dial: this.#dialer(peer) })),
      )
  }

  #dialer(peer: Peer): Dial {
    return async (signal, onClosed) => {
      const { clock, world } = this.#context
      const link = this.#left ? undefined : peer.connect()
      if (link === undefined) throw unreachable(peer.name, new Error('connect ECONNREFUSED'))
      this.#links.push(link)
      let ready = false
      const connection = new Connection(link.client, {
        peer: peer.name,
        clock,
        requestTimeoutMs: world.calm ? CALM_TIMEOUT_MS : this.#shape.requestTimeoutMs,
        readAnswer: (bytes) => failureOf(peer.name, bytes),
        onClosed: (error) => {
          if (ready) onClosed(error)
        },
      })
      const abort = (): void => connection.destroy(unreachable(peer.name, signal.reason))
      signal.addEventListener('abort', abort)
      try {
        await shakeHands((frame) => connection.exchange(frame))
      } catch (thrown) {
        connection.destroy(unreachable(peer.name, thrown))
        throw unreachable(peer.name, thrown)
      } finally {
        signal.removeEventListener('abort', abort)
      }
      if (connection.closed !== undefined) throw unreachable(peer.name, connection.closed)
      ready = true
      return this.#watched(connection, peer.name)
    }
  }

  /** The connection, with the oracle at its side. */
  #watched(connection: Connection, peer: string): EndpointConnection {
    return {
      get inFlightRequests() {
        return connection.inFlightRequests
      },
      get inFlightEvents() {
        return connection.inFlightEvents
      },
      get inFlightBytes() {
        return connection.inFlightBytes
      },
      hasRoom: (call) => connection.hasRoom(call),
      destroy: (reason) => connection.destroy(reason),
      send: (call) => this.#send(call, connection, peer),
    }
  }

  async #send(call: Call, connection: Connection, peer: string): Promise<void> {
    const { oracle } = this.#context.world
    const facts = this.#facts.get(call)!
    oracle.sending(this.#name, peer, facts.keys)
    try {
      await connection.send(call)
      facts.answeredOk = true
    } catch (thrown) {
      const { code, outcome } = toFlumeError(thrown)
      // Where nothing arrived for certain, a second copy has no excuse. FAILED is no such certainty: a
      // receiver that stops, or has room for some ranges only, may have stored a part.
      if (outcome === 'unknown' || code === 'FLM4304') oracle.gaveUp(facts.keys)
      throw thrown
    }
  }
}

function failureOf(peer: string, bytes: Buffer): FlumeError | undefined {
  const { answer } = readResponse(new WireReader(bytes))
  if (answer === 'OK') return undefined
  return refused(peer, JSON.stringify(answer))
}
