import { createServer, request as httpRequest } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { Lines } from '../../operator/kube/lines.ts'
import type { ApiServer } from '../../operator/kube/server.ts'
import { LINE_BYTES_MAX } from '../../operator/kube/watch.ts'

/** A request on its way to the API server. */
export interface Passing {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly isWatch: boolean
}

/** What happens to a request instead of passing. */
export type RequestFault =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: object }
  | 'reset'
  /** It never comes to an end. */
  | 'silence'
  /** The API server carries it out, and nobody hears of it. */
  | 'loseAnswer'

/** An event of a watch on its way back. */
export interface PassingEvent {
  readonly type: string
  readonly object: { readonly kind?: string; readonly metadata?: { readonly name?: string } }
}

/** `tear`: half of it passes, then the connection is reset. A promise: it passes later, and so do those behind it. */
export type EventFault = 'pass' | 'drop' | 'tear' | Promise<void>

/**
 * Stands between a client and a real API server, speaks plain HTTP to the one and whatever the other wants,
 * and fails as a test says. Requests keep the token they come with; without one they are let in as `server` is.
 */
export class FaultyProxy {
  /** Asked for every request. */
  onRequest: (request: Passing) => RequestFault | undefined = () => undefined
  /** Asked for every event of every watch. */
  onEvent: (event: PassingEvent) => EventFault = () => 'pass'
  /** Of what passed or was kept from passing. */
  readonly requests: Passing[] = []
  readonly #target: ApiServer
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined

  private constructor(target: ApiServer, server: Server) {
    this.#target = target
    this.#server = server
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => this.#sockets.delete(socket))
    })
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#pass(request, response).catch(() => response.socket?.resetAndDestroy())
    })
  }

  static async start(target: ApiServer): Promise<FaultyProxy> {
    const server = createServer()
    const proxy = new FaultyProxy(target, server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  /** Where clients go. */
  get api(): ApiServer {
    const { port } = this.#server.address() as AddressInfo
    const url = new URL(`http://127.0.0.1:${port}`)
    return { url, access: async () => ({ headers: {} }) }
  }

  count(matches: (request: Passing) => boolean): number {
    return this.requests.filter(matches).length
  }

  /** Resets all connections. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Nothing gets through any more, and nobody is told: as when a network is cut. */
  freeze(): void {
    if (this.#gate !== undefined) return
    const { promise: opened, resolve: open } = Promise.withResolvers<void>()
    this.#gate = { opened, open }
  }

  thaw(): void {
    this.#gate?.open()
    this.#gate = undefined
  }

  async close(): Promise<void> {
    this.thaw()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { method = 'GET', url: path = '/' } = request
    const isWatch = /[?&]watch=true/.test(path)
    this.requests.push({ method, path, isWatch })
    const fault = this.onRequest({ method, path, isWatch })
    if (fault === 'silence') return
    if (fault === 'reset') throw new Error('reset')
    if (typeof fault === 'object') {
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers })
      response.end(JSON.stringify(fault.body ?? {}))
      return
    }
    await this.#gate?.opened
    const answer = await this.#forward(request, Buffer.concat(chunks))
    response.on('close', () => answer.destroy())
    if (fault === 'loseAnswer') {
      answer.resume()
      throw new Error('the answer is lost')
    }
    await this.#gate?.opened
    response.writeHead(answer.statusCode ?? 0, answer.headers).flushHeaders()
    if (isWatch && answer.statusCode === 200) await this.#passEvents(answer, response)
    else for await (const chunk of answer) response.write(chunk)
    response.end()
  }

  async #forward(request: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const { headers, ...tls } = await this.#target.access()
    const target = new URL(request.url ?? '/', this.#target.url)
    const send = target.protocol === 'https:' ? httpsRequest : httpRequest
    const own = { ...request.headers }
    delete own.connection
    return new Promise((resolve, reject) => {
      const forwarded = send(target, {
        method: request.method,
        ...tls,
        headers: { ...headers, ...own, host: target.host },
      })
      forwarded.on('response', resolve)
      forwarded.on('error', reject)
      forwarded.end(body)
    })
  }

  async #passEvents(answer: IncomingMessage, response: ServerResponse): Promise<void> {
    const lines = new Lines(LINE_BYTES_MAX)
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      for (const line of lines.push(chunk)) await this.#passEvent(line, response)
    }
  }

  async #passEvent(line: string, response: ServerResponse): Promise<void> {
    const fault = this.onEvent(JSON.parse(line) as PassingEvent)
    if (fault === 'drop') return
    if (fault === 'tear') {
      const half = line.slice(0, line.length / 2)
      await new Promise((resolve) => response.write(half, resolve))
      throw new Error('torn')
    }
    if (fault !== 'pass') await fault
    await this.#gate?.opened
    response.write(`${line}\n`)
  }
}
