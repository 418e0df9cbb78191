import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FlumeError } from '../../core/errors.ts'
import type { SourceContext } from '../../core/source.ts'
import type { HttpSourceConfig } from './config.ts'
import type { Exchange } from './exchange.ts'
import { makeTlsServer } from './tls-server.ts'

const HEADER_BYTES_MAX = 16 * 1024
/** Longer than the minute after which load balancers leave: else they send to what just closed. */
const KEEP_ALIVE_MS = 75_000
/** How soon a connection whose other end vanished is noticed by the system. */
const PROBE_AFTER_MS = 60_000
/** How often connections are looked at that are slow to send. */
const CHECKS_PER_TIMEOUT = 4
const CHECK_MS_MIN = 25
const CHECK_MS_MAX = 1000

/** A server with the bounds of the configuration, not listening yet. */
export async function makeServer(
  config: HttpSourceConfig,
  context: Pick<SourceContext, 'clock' | 'log'>,
  onRequest: (exchange: Exchange) => void,
): Promise<Server> {
  const { headersTimeout, requestTimeout, tls } = config
  const checkMs = Math.floor(headersTimeout / CHECKS_PER_TIMEOUT)
  const options = {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout,
    requestTimeout,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.max(CHECK_MS_MIN, Math.min(CHECK_MS_MAX, checkMs)),
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
  }
  const server =
    tls === undefined
      ? createServer(options)
      : await makeTlsServer(tls, { ...options, handshakeTimeout: headersTimeout }, context)
  server.maxConnections = config.maxConnections
  // Counted where a request is looked at: what is above this number would be left out silently.
  server.maxHeadersCount = 0
  server.on('request', (request, response) =>
    onRequest({ request, response, expectsContinue: false }),
  )
  server.on('checkContinue', (request, response) =>
    onRequest({ request, response, expectsContinue: true }),
  )
  return server
}

/** Resolves to the port when the server listens. Rejects with FLM3201. */
export async function listen(
  server: Server,
  { bind, port }: Pick<HttpSourceConfig, 'bind' | 'port'>,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host: bind, port }, resolve)
  try {
    await promise
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new FlumeError(
      'FLM3201',
      `the http source cannot listen at ${bind}:${port}: ${why}. Choose another bind or port, or end what listens there.`,
      { retryable: true, cause, facts: { bind, port } },
    )
  } finally {
    server.off('error', reject)
  }
  return (server.address() as AddressInfo).port
}
