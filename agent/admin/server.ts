import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FlumeError, systemCode } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { AdminView } from './view.ts'
import { answer } from './routes.ts'
import type { Answer } from './routes.ts'

export interface AdminAddress {
  /** `::` for all interfaces, of IPv4 too. */
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
}

export interface AdminServer {
  /** Where it listens, with the port that was taken. */
  readonly address: AdminAddress
  /** Stops listening and ends open connections. */
  close(): Promise<void>
}

/** A probe, a scraper and a person with `status --watch` come to a handful; the rest is turned away. */
const CONNECTIONS_MAX = 64
const HEADER_BYTES_MAX = 8 * 1024
const HEADERS_MAX = 64
const REQUEST_TIMEOUT_MS = 5_000
const KEEP_ALIVE_TIMEOUT_MS = 15_000

/**
 * Starts the admin server: read-only, without secrets, and without a body in any request. Rejects
 * with FLM9101 when the address is in use, with FLM9102 when it cannot be listened at otherwise.
 */
export async function startAdminServer(
  address: AdminAddress,
  view: AdminView,
  log: Logger,
): Promise<AdminServer> {
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: REQUEST_TIMEOUT_MS,
    },
    (request, response) => {
      void respond(request, response, { view, log })
    },
  )
  server.maxConnections = CONNECTIONS_MAX
  server.maxHeadersCount = HEADERS_MAX
  await listen(server, address)
  // What fails from here on is one connection's affair, such as no descriptor left to accept it.
  server.on('error', (error) => log.warn({ error }, 'admin server failed to accept a connection'))
  const { port } = server.address() as AddressInfo
  return { address: { host: address.host, port }, close: () => close(server) }
}

interface Serving {
  readonly view: AdminView
  readonly log: Logger
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { view, log }: Serving,
): Promise<void> {
  let result: Answer
  try {
    result = hasBody(request) ? REFUSED_BODY : await answer(request.method, request.url, view)
  } catch (error) {
    // The client is told nothing of the inside; the log is.
    log.error({ error, path: request.url }, 'admin request failed')
    result = FAILED
  }
  response.writeHead(result.status, {
    'content-type': result.contentType,
    'content-length': Buffer.byteLength(result.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(result.status === 405 ? { allow: 'GET, HEAD' } : {}),
    // A body that was not read would be taken for the next request.
    ...(result.status === 413 ? { connection: 'close' } : {}),
  })
  response.end(result.body)
}

function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length']
  return request.headers['transfer-encoding'] !== undefined || (length ?? '0') !== '0'
}

const REFUSED_BODY: Answer = {
  status: 413,
  contentType: 'application/json',
  body: '{"error":"requests have no body here"}\n',
}

const FAILED: Answer = {
  status: 500,
  contentType: 'application/json',
  body: '{"error":"the request failed; the log of the agent says why"}\n',
}

function listen(server: Server, { host, port }: AdminAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(cause, `${host}:${port}`)))
    // Without a host it is all of IPv6 and IPv4, or of IPv4 alone on a machine without the other.
    server.listen(host === '::' ? { port } : { host, port }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function listenError(cause: Error, address: string): FlumeError {
  if (systemCode(cause) === 'EADDRINUSE') {
    const cure =
      'Another agent may run here; choose another address with --admin HOST:PORT (port 0 takes a free one)'
    return new FlumeError('FLM9101', `The admin address ${address} is in use. ${cure}.`, {
      retryable: false,
      cause,
      facts: { address },
    })
  }
  const message = `The admin server cannot listen at ${address}: ${cause.message}. Choose another address with --admin HOST:PORT.`
  return new FlumeError('FLM9102', message, { retryable: false, cause, facts: { address } })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
