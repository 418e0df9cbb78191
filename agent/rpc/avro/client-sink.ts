import type { Batch } from '../../core/batch.ts'
import type { FlumeError } from '../../core/errors.ts'
import type { Sink, SinkContext } from '../../core/sink.ts'
import { TlsContext } from '../../core/tls-context.ts'
import type { ClientTlsConfig } from '../../core/tls.ts'
import { Balancer } from './balancer.ts'
import type { Target } from './balancer.ts'
import { callsOf } from './calls.ts'
import type { EventsCall } from './calls.ts'
import { calledOff } from './client-errors.ts'
import { clientTransport } from './client-transport.ts'
import type { ClientTransportOptions } from './client-transport.ts'
import { DeliveredEvents } from './delivered-events.ts'
import { addressOf, dialer } from './dial.ts'
import { FramePool } from './frame-pool.ts'
import type { Peer, Peers } from './peers.ts'

/** Leases in hand, so that the next are on their way while the first are answered. */
const WRITES_MAX = 8
/** Bytes sent and not yet answered, over all connections; what is larger goes alone. */
const IN_FLIGHT_BYTES_MAX = 8 * 2 ** 20

/** Of buffers kept for the next requests. */
const FRAMES_KEPT_BYTES_MAX = 4 * 2 ** 20

/** The configuration of a client; see client-config.ts for the fields. */
export interface ClientConfig {
  readonly batchSize: number
  readonly batchBytes: number
  readonly connections: number
  readonly maxInFlight: number
  readonly requestTimeout: number
  readonly connectTimeout: number
  readonly compression: 'none' | 'deflate'
  readonly compressionLevel: number
  readonly tls?: ClientTlsConfig | undefined
}

type ClientTls = NonNullable<ClientTransportOptions['tls']>

/**
 * Hands events to Avro sources that are equally good. A write resolves when all of its requests were
 * answered OK, which for an agent of ours means that they are safe there.
 *
 * Starting does not connect: a peer that is away is found out by the first write.
 */
export class AvroClientSink implements Sink {
  readonly writesMax = WRITES_MAX
  readonly #peers: Peers
  readonly #config: ClientConfig
  readonly #delivered = new DeliveredEvents()
  readonly #frames = new FramePool(FRAMES_KEPT_BYTES_MAX)
  #balancer: Balancer | undefined

  constructor(peers: Peers, config: ClientConfig) {
    this.#peers = peers
    this.#config = config
  }

  /** Rejects with FLM6201 when the files of TLS cannot be used. */
  async start(context: SinkContext): Promise<void> {
    const { clock, random, log } = context
    const { connections, maxInFlight } = this.#config
    const tls = await this.#tls(context)
    const balancer = new Balancer({
      connections,
      inFlightEventsMax: maxInFlight,
      inFlightBytesMax: IN_FLIGHT_BYTES_MAX,
      clock,
      random,
      onHealth: (endpoint: string, error: FlumeError | undefined) => {
        if (error === undefined) log.info({ endpoint }, 'connected to an Avro source')
        else log.warn({ endpoint, error }, 'an Avro source cannot be used and is tried again')
        if (error !== undefined) this.#peers.trouble()
      },
    })
    this.#balancer = balancer
    await this.#peers.start(context, (peers) => {
      // Whoever is connected to is there, whatever others say, and answers for itself.
      if (peers.length === 0) balancer.keepLive()
      else balancer.setTargets(this.#targets(peers, tls, context))
    })
  }

  async #tls({ clock, log }: SinkContext): Promise<ClientTls | undefined> {
    const { tls } = this.#config
    if (tls === undefined) return undefined
    const onProblem = (error: FlumeError): void =>
      log.warn({ error }, 'new files of TLS cannot be used, the old ones are')
    const context = new TlsContext(tls, { clock, onProblem })
    await context.current()
    return { config: tls, context }
  }

  #targets(
    peers: readonly Peer[],
    tls: ClientTls | undefined,
    { clock }: SinkContext,
  ): readonly Target[] {
    const { connectTimeout, requestTimeout, compression, compressionLevel } = this.#config
    return peers.map(({ host, port, certifiedAs = host }) => ({
      address: addressOf({ host, port }),
      dial: dialer({
        host,
        port,
        connectTimeoutMs: connectTimeout,
        requestTimeoutMs: requestTimeout,
        clock,
        wrap: (socket, signal) => {
          const options = { compression, compressionLevel, tls, host: certifiedAs }
          return clientTransport(socket, options, signal)
        },
      }),
    }))
  }

  async write(batches: readonly Batch[], signal: AbortSignal): Promise<undefined> {
    if (this.#balancer === undefined) throw calledOff('the sink does not run', 'none')
    if (!this.#balancer.hasEndpoints) {
      const nobody = await this.#peers.nobody()
      if (nobody !== undefined) throw nobody
    }
    const { batchSize, batchBytes } = this.#config
    const limits = { eventsMax: batchSize, bytesMax: batchBytes }
    const calls = callsOf(this.#delivered.missing(batches), limits, this.#frames)
    try {
      await this.#balancer.deliver(calls, signal)
    } catch (thrown) {
      this.#keep(calls)
      throw thrown
    }
    this.#delivered.forget(batches)
    return undefined
  }

  async stop(): Promise<void> {
    this.#peers.stop()
    this.#balancer?.stop(calledOff('the sink was stopped', 'none'))
  }

  status(): Readonly<Record<string, unknown>> {
    const endpoints = this.#balancer?.status() ?? []
    return { ...this.#peers.status(), endpoints, maxInFlight: this.#config.maxInFlight }
  }

  /** What arrived of a write that failed is not sent with the next one. */
  #keep(calls: readonly EventsCall[]): void {
    for (const { isDelivered, pieces } of calls)
      for (const { ids, count } of pieces)
        if (isDelivered && ids !== undefined) this.#delivered.add(ids.stream, ids.first, count)
  }
}
