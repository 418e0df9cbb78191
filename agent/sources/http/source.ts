import type { Server } from 'node:http'
import { toFlumeError } from '../../core/errors.ts'
import type { Source, SourceContext } from '../../core/source.ts'
import { sleep } from '../../lib/clock.ts'
import { OUR_BUG } from './answer.ts'
import type { Answer } from './answer.ts'
import { BodyRoom } from './body-room.ts'
import type { HttpSourceConfig } from './config.ts'
import { Connections } from './connections.ts'
import type { Signals } from './delivery.ts'
import { takeEvents } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import { listen, makeServer } from './listener.ts'
import { respond } from './respond.ts'
import { Tally } from './tally.ts'

/** Requests of one connection that are not answered; a client that sends more ahead is cut off. */
const PIPELINED_MAX = 16

/** How long `stop` waits for events in the channels to become safe, and for answers to leave. */
const STOP_MS = 3000

/**
 * Takes events by HTTP, as Flume's HTTP source with its JSON handler does. A client that gets 200 can
 * forget them; after any other answer, or none, it sends them again.
 */
class HttpSource implements Source {
  readonly hasClients = true
  readonly #config: HttpSourceConfig
  readonly #room: BodyRoom
  readonly #stopping = new AbortController()
  readonly #connections = new Connections()
  readonly #exchanges = new Set<Promise<void>>()
  readonly #tally = new Tally()
  #context: SourceContext | undefined
  #server: Server | undefined
  #port: number | undefined
  #connectionsRefused = 0
  #stopped: Promise<void> | undefined

  constructor(config: HttpSourceConfig) {
    this.#config = config
    this.#room = new BodyRoom(config.maxBodiesSize)
  }

  async start(context: SourceContext): Promise<void> {
    this.#context = context
    const serve = (exchange: Exchange): void => this.#serve(exchange, context)
    const server = await makeServer(this.#config, context, serve)
    if (this.#stopping.signal.aborted) return
    this.#server = server
    server.on('connection', (socket) => this.#connections.add(socket))
    server.on('drop', () => this.#connectionsRefused++)
    this.#port = await listen(server, this.#config)
    // It was stopped while the name was looked up.
    if (this.#stopping.signal.aborted) server.close()
    // What fails from here on is one connection's affair, such as no descriptor left to accept it.
    server.on('error', (error) => context.log.warn({ error }, 'accepting a connection failed'))
    context.log.info({ bind: this.#config.bind, port: this.#port }, 'http source listens')
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop())
  }

  status(): Readonly<Record<string, unknown>> {
    return {
      port: this.#port,
      connections: this.#connections.count,
      connectionsRefused: this.#connectionsRefused,
      requestsInFlight: this.#exchanges.size,
      bytesInFlight: this.#room.bytes,
      ...this.#tally.status(),
    }
  }

  #serve(exchange: Exchange, context: SourceContext): void {
    const { socket } = exchange.request
    const connection = this.#connections.of(socket)
    if (connection.requests >= PIPELINED_MAX) {
      socket.destroy()
      return
    }
    connection.requests++
    const signals = { gone: connection.gone, stopping: this.#stopping.signal }
    const served = this.#answer(exchange, context, signals).finally(() => {
      connection.requests--
      this.#exchanges.delete(served)
    })
    this.#exchanges.add(served)
  }

  async #answer(exchange: Exchange, context: SourceContext, signals: Signals): Promise<void> {
    const { clock, log } = context
    let answer: Answer | undefined
    try {
      answer = await takeEvents(
        exchange,
        { config: this.#config, context, room: this.#room },
        signals,
      )
    } catch (thrown) {
      // The client is told nothing of the inside; the log is.
      log.error({ error: toFlumeError(thrown) }, 'a request failed')
      answer = OUR_BUG
    }
    if (answer === undefined || signals.gone.aborted) return
    this.#tally.count(answer, exchange.request.socket.remoteAddress, clock.now())
    if (answer.status !== 200) log.debug(answer, 'a request was not taken')
    await respond(exchange, answer, { clock, signals })
  }

  async #stop(): Promise<void> {
    this.#stopping.abort()
    const server = this.#server
    if (server === undefined) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    const answered = new AbortController()
    void Promise.all(this.#exchanges).then(() => answered.abort())
    await sleep(this.#context!.clock, STOP_MS, answered.signal)
    this.#connections.destroy()
    await closed
  }
}

export function createSource(config: HttpSourceConfig): Source {
  return new HttpSource(config)
}
