import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { FlumeError } from '../../core/errors.ts'

/** After this time without a byte the system asks whether the client is still there. */
const KEEP_ALIVE_MS = 60_000

export interface ListenOptions {
  readonly bind: string
  readonly port: number
  readonly connectionsMax: number
  readonly onSocket: (socket: Socket) => void
  /** Called for each connection above the bound, which was closed. */
  readonly onDropped: () => void
  /** It does not listen any more. */
  readonly onError: (error: FlumeError) => void
}

/** A port that is listened at. */
export class Listener {
  readonly #server: Server
  readonly port: number

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  /** Rejects with FLM3201. */
  static async open(options: ListenOptions): Promise<Listener> {
    const { bind, port, connectionsMax } = options
    const server = createServer({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    })
    server.maxConnections = connectionsMax
    server.on('connection', options.onSocket)
    server.on('drop', options.onDropped)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen({ host: bind, port }, resolve)
    try {
      await promise
    } catch (cause) {
      throw unusable(options, cause)
    }
    server.off('error', reject)
    server.on('error', (cause) => options.onError(unusable(options, cause)))
    return new Listener(server, (server.address() as AddressInfo).port)
  }

  /** Takes no more connections; those there are stay. */
  close(): void {
    this.#server.close()
  }
}

function unusable({ bind, port }: ListenOptions, cause: unknown): FlumeError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new FlumeError(
    'FLM3201',
    `the avro source cannot listen at ${bind}:${port}: ${why}. Choose another bind or port, or end what listens there.`,
    { retryable: true, cause, facts: { bind, port } },
  )
}
