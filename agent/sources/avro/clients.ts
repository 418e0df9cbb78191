import type { Socket } from 'node:net'
import { toFlumeError } from '../../core/errors.ts'
import type { FlumeError } from '../../core/errors.ts'
import type { SourceContext } from '../../core/source.ts'
import type { TlsContext } from '../../core/tls-context.ts'
import type { IpFilter } from '../../lib/ip-filter.ts'
import { HandshakeResponder } from '../../rpc/avro/handshake-responder.ts'
import type { Budget } from './budget.ts'
import type { AvroSourceConfig } from './config.ts'
import { Connection } from './connection.ts'
import type { Delivery } from './delivery.ts'
import type { Tally } from './tally.ts'
import { openTransport } from './transport.ts'

export interface ClientsOptions {
  readonly config: AvroSourceConfig
  readonly context: Pick<SourceContext, 'clock' | 'log'>
  readonly tls: TlsContext | undefined
  readonly filter: IpFilter | undefined
  readonly delivery: Delivery
  readonly budget: Budget
  readonly tally: Tally
}

/** The connections of a source: from the socket that was accepted to its close. */
export class Clients {
  readonly #options: ClientsOptions
  readonly #handshakes = new HandshakeResponder()
  /** undefined: not allowed in yet, or TLS is not agreed on yet. */
  readonly #connections = new Map<Socket, Connection | undefined>()
  #ending = false
  readonly #gone = Promise.withResolvers<void>()

  constructor(options: ClientsOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#connections.size
  }

  accept(socket: Socket): void {
    this.#connections.set(socket, undefined)
    socket.on('close', () => this.#forget(socket))
    // A network that fails ends in a close, which says it all.
    socket.on('error', () => {})
    void this.#open(socket)
  }

  /** Gives up those that take too long. */
  check(nowMs: number): void {
    for (const connection of this.#connections.values()) connection?.check(nowMs)
  }

  /** Takes no more requests. Resolves when all that were in flight are answered and all clients gone. */
  end(): Promise<void> {
    this.#ending = true
    for (const [socket, connection] of this.#connections)
      if (connection === undefined) socket.destroy()
      else connection.end()
    if (this.#connections.size === 0) this.#gone.resolve()
    return this.#gone.promise
  }

  destroy(): void {
    for (const [socket, connection] of this.#connections) {
      connection?.destroy()
      socket.destroy()
    }
  }

  async #open(socket: Socket): Promise<void> {
    const { config, context, tls, filter, tally } = this.#options
    const { remoteAddress = '', remotePort } = socket
    const client = `${remoteAddress}:${remotePort}`
    if (filter !== undefined && !(await filter.allows(remoteAddress))) {
      tally.refused++
      context.log.info({ client }, 'a client was refused by the ipFilter')
      socket.destroy()
      return
    }
    let stream
    try {
      const material = await tls?.current()
      stream = await openTransport(socket, {
        compression: config.compression,
        tls: material && { config: config.tls!, material },
        timeoutMs: config.requestTimeout,
        clock: context.clock,
      })
    } catch (thrown) {
      socket.destroy()
      // Whoever says nothing, such as a health check, has done nothing wrong.
      if (socket.bytesRead > 0) this.#bad(client, toFlumeError(thrown))
      return
    }
    if (this.#ending || socket.destroyed) stream.destroy()
    else this.#connections.set(socket, this.#connect(stream, client))
  }

  #connect(stream: ConstructorParameters<typeof Connection>[0], client: string): Connection {
    const { config, context, budget, delivery, tally } = this.#options
    return new Connection(stream, {
      frameBytesMax: config.maxFrameSize,
      batchEventsMax: config.maxBatchEvents,
      requestTimeoutMs: config.requestTimeout,
      idleTimeoutMs: config.idleTimeout,
      clock: context.clock,
      budget,
      handshakes: this.#handshakes,
      deliver: (batch, metadata) => delivery.deliver(batch, metadata),
      onAnswer: (answer) => tally.answered(answer),
      onProblem: (error) => {
        context.log.warn({ client, error }, 'a request was answered with an error')
      },
      onBad: (error) => this.#bad(client, error),
    })
  }

  #bad(client: string, error: FlumeError): void {
    this.#options.tally.bad++
    this.#options.context.log.warn({ client, error }, 'closing the connection of a client')
  }

  #forget(socket: Socket): void {
    this.#connections.delete(socket)
    if (this.#ending && this.#connections.size === 0) this.#gone.resolve()
  }
}
