import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Random } from '../../agent/lib/random.ts'
import type { ApiServer } from '../../operator/kube/server.ts'

/** What stands between an operator and the API server. Nothing of it happens unless it is asked for. */
export interface ProxyFaults {
  /** Every n-th write is answered with a conflict, and not done. */
  readonly conflictEvery?: number
  /** Share of the requests that are answered with 429, and not done. */
  readonly throttled?: number
  /** Events of watches come so much later; of several about one object only the last one comes. */
  readonly delayEventsMs?: number
  /** A watch falls silent after so many events: what comes then is seen when it has been renewed. */
  readonly silentAfter?: number
}

/** How long a watch is silent until its connection ends. */
const SILENT_MS = 1_500

interface Status {
  readonly code: number
  readonly reason: string
}

/**
 * A proxy of the API server for one operator. It knows the last lists that went through it: with
 * `staleStart` the first list of each kind is answered by what it was when it was first asked for.
 */
export class ApiProxy {
  /** All requests that would change something, tried ones too, by who made them. */
  readonly changes: { readonly userAgent: string | undefined; readonly what: string }[] = []
  readonly #upstream: ApiServer
  readonly #server: Server
  readonly #agent = new Agent({ keepAlive: true })
  readonly #random: Random
  readonly #firstLists = new Map<string, string>()
  readonly #stale = new Set<string>()
  #faults: ProxyFaults = {}
  #writes = 0

  private constructor(upstream: ApiServer, random: Random) {
    this.#upstream = upstream
    this.#random = random
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
  }

  static async start(upstream: ApiServer, random: Random): Promise<ApiProxy> {
    const proxy = new ApiProxy(upstream, random)
    await new Promise<void>((resolve) => {
      proxy.#server.listen({ host: '127.0.0.1', port: 0 }, resolve)
    })
    return proxy
  }

  /** What an operator is given in place of the API server. */
  get server(): ApiServer {
    const { port } = this.#server.address() as AddressInfo
    return { url: new URL(`http://127.0.0.1:${port}`), access: async () => ({ headers: {} }) }
  }

  setFaults(faults: ProxyFaults): void {
    this.#faults = faults
  }

  /** The next list of each kind is as old as can be; what changed since comes by the watch. */
  staleStart(): void {
    for (const path of this.#firstLists.keys()) this.#stale.add(path)
  }

  async close(): Promise<void> {
    this.#agent.destroy()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request)
    const { method = 'GET', url: path = '/' } = request
    const userAgent = request.headers['user-agent']
    const what = `${method} ${path.replace(/\?.*$/, '')}`
    if (method !== 'GET') this.changes.push({ userAgent, what })
    const fault = this.#faultOf(request)
    if (fault !== undefined) {
      refuse(response, fault)
      return
    }
    const url = new URL(request.url!, 'http://proxy')
    const isList = request.method === 'GET' && url.searchParams.has('limit')
    const isWatch = url.searchParams.get('watch') === 'true'
    if (isList && this.#stale.delete(url.pathname)) {
      const text = this.#firstLists.get(url.pathname)!
      response.writeHead(200, { 'content-type': 'application/json' }).end(text)
      return
    }
    const answer = await this.#forward(request, body)
    const headers = { 'content-type': answer.headers['content-type'] ?? 'application/json' }
    response.writeHead(answer.statusCode!, headers)
    // A watch begins to be answered before there is anything to say.
    response.flushHeaders()
    if (isWatch && answer.statusCode === 200) this.#stream(answer, response)
    else {
      const text = (await readAll(answer)).toString('utf8')
      if (isList && !this.#firstLists.has(url.pathname)) this.#firstLists.set(url.pathname, text)
      response.end(text)
    }
  }

  #faultOf({ method, url }: IncomingMessage): Status | undefined {
    const { conflictEvery, throttled = 0 } = this.#faults
    if (this.#random.number() < throttled) return { code: 429, reason: 'TooManyRequests' }
    if (method === 'GET' || url!.includes('dryRun=All')) return undefined
    this.#writes++
    if (conflictEvery !== undefined && this.#writes % conflictEvery === 0)
      return { code: 409, reason: 'Conflict' }
    return undefined
  }

  async #forward(request: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const { headers: identity, ...tls } = await this.#upstream.access()
    const { hostname, port } = this.#upstream.url
    const { 'content-type': type, accept } = request.headers
    const headers = {
      ...identity,
      ...(type && { 'content-type': type }),
      ...(accept && { accept }),
      'content-length': body.length,
    }
    const { method, url: path } = request
    return new Promise((resolve, reject) => {
      const options = { hostname, port, method, path, headers, agent: this.#agent, ...tls }
      const upstream = httpsRequest(options, resolve)
      upstream.on('error', reject)
      request.on('close', () => upstream.destroy())
      upstream.end(body)
    })
  }

  /** Line by line, as each is one event. */
  #stream(answer: IncomingMessage, response: ServerResponse): void {
    const held = new Map<string, string>()
    let rest = ''
    let events = 0
    answer.setEncoding('utf8')
    answer.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      const { delayEventsMs, silentAfter = Infinity } = this.#faults
      for (const line of lines) {
        if (++events > silentAfter) fallSilent()
        else if (delayEventsMs === undefined) response.write(`${line}\n`)
        else hold(line, delayEventsMs)
      }
    })
    answer.on('end', () => response.end())
    answer.on('error', () => response.destroy())
    response.on('close', () => answer.destroy())

    function fallSilent(): void {
      answer.removeAllListeners('data').resume()
      setTimeout(() => response.destroy(), SILENT_MS)
    }

    function hold(line: string, delayMs: number): void {
      const { type, object } = JSON.parse(line) as {
        type: string
        object: { metadata: { namespace?: string; name?: string } }
      }
      const { namespace = '', name = '' } = object.metadata
      const key = type === 'BOOKMARK' ? type : `${namespace}/${name}`
      // A map keeps the place of a key that is set again: the later event takes the earlier one's place.
      const isHeld = held.has(key)
      held.set(key, line)
      if (isHeld) return
      setTimeout(() => {
        response.write(`${held.get(key)!}\n`)
        held.delete(key)
      }, delayMs)
    }
  }
}

function refuse(response: ServerResponse, { code, reason }: Status): void {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason,
    message: 'a fault',
  }
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(status))
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
