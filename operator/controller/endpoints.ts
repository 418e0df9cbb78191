import { createServer } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FlumeError } from '../../agent/core/errors.ts'

export interface Address {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

/** What is answered at a path. */
export interface Page {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export interface Endpoints {
  readonly port: number
  close(): Promise<void>
}

const CONNECTIONS_MAX = 64
const REQUEST_TIMEOUT_MS = 5_000

/** Serves pages by path, to GET and without a body. Rejects with FLM9102 when it cannot listen. */
export async function serve(
  { host, port }: Address,
  pages: Readonly<Record<string, () => Page | Promise<Page>>>,
): Promise<Endpoints> {
  const server = createServer(
    { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      const path = (request.url ?? '').replace(/\?.*$/s, '')
      const page = Object.hasOwn(pages, path) ? pages[path]! : notFound
      void answer(request.method === 'GET' ? page : notFound, response)
    },
  )
  server.maxConnections = CONNECTIONS_MAX
  await listen(server, { host, port })
  return { port: (server.address() as AddressInfo).port, close: () => close(server) }
}

export function textPage(status: number, text: string): Page {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` }
}

function notFound(): Page {
  return textPage(404, 'not found')
}

async function answer(page: () => Page | Promise<Page>, response: ServerResponse): Promise<void> {
  const { status, contentType, body } = await Promise.resolve()
    .then(page)
    .catch((): Page => textPage(500, 'failed'))
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

function listen(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `The operator cannot listen at ${host}:${port}: ${cause.message}. Choose another address with --health or --metrics HOST:PORT.`
      reject(new FlumeError('FLM9102', message, { retryable: false, cause }))
    })
    server.listen({ host, port }, () => {
      server.removeAllListeners('error')
      // What fails from here on is one connection's affair.
      server.on('error', () => {})
      resolve()
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
