import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { ApiServer } from '../../operator/kube/server.ts'
import type { KubeObject } from '../../operator/kube/types.ts'
import { isBelow, merge, reply } from './answers.ts'

/** What goes wrong with the next request of a kind, instead of an answer or after its beginning. */
export type Fault =
  | {
      readonly status: number
      readonly headers?: Record<string, string>
      readonly body?: unknown /* a string is sent as it is */
    }
  /** The connection is reset before an answer. */
  | 'reset'
  /** The request is read and nothing is ever said. */
  | 'silence'
  /** For a watch: the answer begins and ends at once. */
  | 'end'
  /** For a watch: bytes that take the place of what it would say; then the connection is reset, or ended. */
  | { readonly raw: string | Uint8Array; readonly after: 'reset' | 'end' | 'silence' }

export interface Seen {
  readonly verb: 'list' | 'watch' | 'get' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: Readonly<Record<string, unknown>>
}

interface HistoryEntry {
  readonly version: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: KubeObject
}

interface Watcher {
  readonly response: ServerResponse
  readonly path: string
}

/**
 * The least of an API server: one store of objects by path with one version counter, lists in pages, watches
 * from a version on, create, merge patch (apply is one too) and delete. It fails as it is told.
 */
export class FakeServer {
  readonly seen: Seen[] = []
  readonly #server: Server
  readonly #objects = new Map<string, KubeObject>()
  readonly #history: HistoryEntry[] = []
  readonly #watchers = new Set<Watcher>()
  readonly #faults: { readonly verb: Seen['verb']; readonly fault: Fault }[] = []
  readonly #sockets = new Set<Socket>()
  #connections = 0
  #version = 100
  #compacted = 0

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void this.#serve(request, response)
    })
    server.on('connection', (socket: Socket) => {
      this.#connections++
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(): Promise<FakeServer> {
    const server = createServer()
    const fake = new FakeServer(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return fake
  }

  get api(): ApiServer {
    const { port } = this.#server.address() as AddressInfo
    const url = new URL(`http://127.0.0.1:${port}`)
    return { url, access: async () => ({ headers: { authorization: 'Bearer t' } }) }
  }

  /** Since the start. */
  get connections(): number {
    return this.#connections
  }

  get connectionsOpen(): number {
    return this.#sockets.size
  }

  get watchers(): number {
    return this.#watchers.size
  }

  get version(): string {
    return String(this.#version)
  }

  count(verb: Seen['verb']): number {
    return this.seen.filter((each) => each.verb === verb).length
  }

  /** For the next request of this kind that has no fault yet. */
  fail(verb: Seen['verb'], fault: Fault, times = 1): void {
    for (let i = 0; i < times; i++) this.#faults.push({ verb, fault })
  }

  /** Puts a ConfigMap, unless said otherwise, into namespace `logs`, unless said otherwise. */
  put(
    name: string,
    more: { namespace?: string; data?: unknown; labels?: Record<string, string> } = {},
  ): KubeObject {
    const { namespace = 'logs', labels, ...fields } = more
    const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`
    const metadata = { name, namespace, ...(labels === undefined ? {} : { labels }) }
    return this.#store(path, { apiVersion: 'v1', kind: 'ConfigMap', ...fields, metadata })
  }

  remove(name: string, namespace = 'logs'): void {
    this.#remove(`/api/v1/namespaces/${namespace}/configmaps/${name}`)
  }

  /** Watches from before now are too old. */
  compact(): void {
    this.#compacted = this.#version
    this.#history.length = 0
  }

  /** Tells all watches a version without a change. */
  bookmark(): void {
    const metadata = { name: '', resourceVersion: String(++this.#version) }
    this.say(JSON.stringify({ type: 'BOOKMARK', object: { kind: 'ConfigMap', metadata } }))
  }

  /** Sends a line to all watches. */
  say(line: string): void {
    for (const { response } of this.#watchers) response.write(`${line}\n`)
  }

  /** Resets the connections of all watches. */
  reset(): void {
    for (const { response } of this.#watchers) response.socket?.resetAndDestroy()
  }

  /** Ends all watches in good order. */
  endWatches(): void {
    for (const { response } of this.#watchers) response.end()
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://server')
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const body = (text === '' ? {} : JSON.parse(text)) as Seen['body']
    const { searchParams: query, pathname: path } = url
    const verb = verbOf(request.method, url)
    const seen = { verb, path, query, headers: request.headers, body }
    this.seen.push(seen)
    const at = this.#faults.findIndex((each) => each.verb === verb)
    if (at >= 0) this.#fail(this.#faults.splice(at, 1)[0]!.fault, response)
    else this.#answer(seen, response)
  }

  #fail(fault: Fault, response: ServerResponse): void {
    if (fault === 'silence') return
    if (fault === 'reset') response.socket?.resetAndDestroy()
    else if (fault === 'end') response.writeHead(200).end()
    else if ('status' in fault) reply(response, fault.status, fault.body ?? {}, fault.headers)
    else {
      response.writeHead(200).write(fault.raw, () => {
        if (fault.after === 'end') response.end()
        else if (fault.after === 'reset') response.socket?.resetAndDestroy()
      })
    }
  }

  #answer(seen: Seen, response: ServerResponse): void {
    const { verb, path, body } = seen
    const present = this.#objects.get(path)
    if (verb === 'list') this.#list(seen, response)
    else if (verb === 'watch') this.#watch(seen, response)
    else if (verb === 'POST') this.#create(seen, response)
    else if (present === undefined) refuse(response, 404, 'NotFound')
    else if (verb === 'get') reply(response, 200, present)
    else if (verb === 'DELETE') {
      const { preconditions } = body as { preconditions?: { uid?: string } }
      const uid = preconditions?.uid
      if (uid !== undefined && uid !== present.metadata.uid) refuse(response, 409, 'Conflict')
      else reply(response, 200, (this.#remove(path), { kind: 'Status', status: 'Success' }))
    } else this.#patch(seen, present, response)
  }

  #create({ path, body }: Seen, response: ServerResponse): void {
    const object = body as unknown as KubeObject
    const at = `${path}/${object.metadata.name}`
    if (this.#objects.has(at)) refuse(response, 409, 'AlreadyExists')
    else reply(response, 201, this.#store(at, object))
  }

  #patch({ path, body }: Seen, present: KubeObject, response: ServerResponse): void {
    const wanted = (body['metadata'] as { resourceVersion?: string } | undefined)?.resourceVersion
    if (wanted !== undefined && wanted !== present.metadata.resourceVersion)
      refuse(response, 409, 'Conflict')
    else reply(response, 200, this.#store(path, merge(present, body) as unknown as KubeObject))
  }

  #list({ path, query }: Seen, response: ServerResponse): void {
    const [from, version] = (query.get('continue') ?? `0/${this.#version}`).split('/').map(Number)
    if (version! < this.#compacted) {
      refuse(response, 410, 'Expired')
      return
    }
    const all = [...this.#objects].filter(([at]) => isBelow(at, path)).map(([, object]) => object)
    const limit = Number(query.get('limit') ?? all.length)
    const next = from! + limit
    const metadata = {
      resourceVersion: String(version),
      ...(next < all.length ? { continue: `${next}/${version}` } : {}),
    }
    // The items of a list come without their kind, as from a real server.
    const items = all
      .slice(from, next)
      .map(({ metadata: itsOwn, ...rest }) => withoutKind(itsOwn, rest))
    reply(response, 200, { kind: 'List', apiVersion: 'v1', metadata, items })
  }

  #watch({ path, query }: Seen, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'))
    if (from < this.#compacted) {
      refuse(response, 410, 'Expired')
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    for (const { version, type, object } of this.#history)
      if (version > from && isBelow(pathOf(object), path))
        response.write(`${JSON.stringify({ type, object })}\n`)
    const watcher = { response, path }
    this.#watchers.add(watcher)
    response.on('close', () => this.#watchers.delete(watcher))
  }

  #store(path: string, object: KubeObject): KubeObject {
    const present = this.#objects.get(path)
    const version = ++this.#version
    const stored = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: present?.metadata.uid ?? `uid-${version}`,
        resourceVersion: String(version),
        managedFields: [{ manager: 'a test' }],
      },
    }
    this.#objects.set(path, stored)
    this.#tell({ version, type: present === undefined ? 'ADDED' : 'MODIFIED', object: stored })
    return stored
  }

  #remove(path: string): void {
    const present = this.#objects.get(path)
    if (present === undefined) return
    this.#objects.delete(path)
    const version = ++this.#version
    const metadata = { ...present.metadata, resourceVersion: String(version) }
    this.#tell({ version, type: 'DELETED', object: { ...present, metadata } })
  }

  #tell(entry: HistoryEntry): void {
    this.#history.push(entry)
    const { type, object } = entry
    for (const { response, path } of this.#watchers)
      if (isBelow(pathOf(object), path)) response.write(`${JSON.stringify({ type, object })}\n`)
  }
}

function verbOf(method = 'GET', { pathname, searchParams }: URL): Seen['verb'] {
  if (method !== 'GET') return method as 'POST'
  if (searchParams.has('watch')) return 'watch'
  const parts = pathname.split('/').filter((part) => part !== '')
  const below = parts.slice(parts[0] === 'api' ? 2 : 3)
  const isCollection = below.length === (below[0] === 'namespaces' && below.length > 2 ? 3 : 1)
  return isCollection ? 'list' : 'get'
}

/** Of the objects that change: ConfigMaps. Others are not watched in these tests. */
function pathOf({ metadata }: KubeObject): string {
  return `/api/v1/namespaces/${metadata.namespace}/configmaps/${metadata.name}`
}

function refuse(response: ServerResponse, code: number, reason: string): void {
  reply(response, code, { kind: 'Status', status: 'Failure', code, reason, message: reason })
}

function withoutKind(metadata: object, fields: object): object {
  return { ...fields, apiVersion: undefined, kind: undefined, metadata }
}
