import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ApiServer } from '../../operator/kube/server.ts'
import type { KubeObject } from '../../operator/kube/types.ts'
import { isBelow, merge, reply } from '../kube/answers.ts'

interface Refusal {
  readonly code: number
  readonly reason: string
  readonly message?: string
  readonly details?: object
}

/**
 * An API server in memory, for what an operator asks of it: all kinds, apply as a merge, dry runs, status
 * and eviction, watches. Objects without a finalizer are gone when they are deleted.
 */
export class FakeApi {
  /** `PATCH statefulsets/hub`, of what was asked for and changes something. */
  readonly writes: string[] = []
  /** All that was asked for about one object: `PATCH statefulsets/hub (dry run)`. */
  readonly requests: string[] = []
  readonly #server: Server
  readonly #objects = new Map<string, KubeObject>()
  readonly #watchers = new Set<{ readonly response: ServerResponse; readonly path: string }>()
  readonly #history: { readonly at: string; readonly type: string; readonly object: KubeObject }[] =
    []
  readonly #refusals = new Map<string, Refusal>()
  #version = 1

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  static async start(): Promise<FakeApi> {
    const api = new FakeApi()
    await new Promise<void>((resolve) => {
      api.#server.listen({ host: '127.0.0.1', port: 0 }, resolve)
    })
    return api
  }

  get server(): ApiServer {
    const { port } = this.#server.address() as AddressInfo
    return { url: new URL(`http://127.0.0.1:${port}`), access: async () => ({ headers: {} }) }
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  /** What is asked for (`PATCH statefulsets/hub`) is refused from now on; undefined: not any more. */
  refuse(what: string, refusal: Refusal | undefined): void {
    if (refusal === undefined) this.#refusals.delete(what)
    else this.#refusals.set(what, refusal)
  }

  /** As somebody else would. */
  put(path: string, object: KubeObject): void {
    this.#store(path, object)
  }

  get(path: string): KubeObject | undefined {
    return this.#objects.get(path)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const url = new URL(request.url!, 'http://api')
    const method = request.method!
    const path = url.pathname
    const short = `${method} ${path
      .split('/')
      .slice(path.endsWith('status') || path.endsWith('eviction') ? -3 : -2)
      .join('/')}`
    const isDry = url.searchParams.has('dryRun')
    const refusal = this.#refusals.get(short)
    if (!url.searchParams.has('limit') && !url.searchParams.has('watch'))
      this.requests.push(isDry ? `${short} (dry run)` : short)
    if (method !== 'GET' && !isDry) this.writes.push(short)
    if (refusal !== undefined) reply(response, refusal.code, { kind: 'Status', ...refusal })
    else if (method === 'GET') this.#read(url, response)
    else
      this.#write(
        { method, path, isDry, body: (text === '' ? {} : JSON.parse(text)) as KubeObject },
        response,
      )
  }

  #read({ pathname, searchParams }: URL, response: ServerResponse): void {
    if (searchParams.has('watch')) {
      response.writeHead(200).flushHeaders()
      const from = Number(searchParams.get('resourceVersion'))
      for (const { at, type, object } of this.#history)
        if (isBelow(at, pathname) && Number(object.metadata.resourceVersion) > from)
          response.write(`${JSON.stringify({ type, object })}\n`)
      const watcher = { response, path: pathname }
      this.#watchers.add(watcher)
      response.on('close', () => this.#watchers.delete(watcher))
    } else if (searchParams.has('limit')) {
      const wanted = (searchParams.get('labelSelector') ?? '')
        .split(',')
        .filter((each) => each !== '')
      const items = [...this.#objects.values()].filter(
        (each) =>
          isBelow(pathOfObject(this.#objects, each), pathname) &&
          wanted.every((label) => hasLabel(each, label)),
      )
      const metadata = { resourceVersion: String(this.#version) }
      reply(response, 200, { kind: 'List', metadata, items })
    } else {
      const found = this.#objects.get(pathname)
      reply(response, found === undefined ? 404 : 200, found ?? notFound)
    }
  }

  #write(
    {
      method,
      path,
      isDry,
      body,
    }: { method: string; path: string; isDry: boolean; body: KubeObject },
    response: ServerResponse,
  ): void {
    if (path.endsWith('/eviction')) {
      this.#remove(path.replace('/eviction', ''))
      reply(response, 201, { kind: 'Status', status: 'Success' })
      return
    }
    const at = method === 'POST' ? `${path}/${body.metadata.name}` : path.replace(/\/status$/, '')
    const present = this.#objects.get(at)
    if (method === 'POST' && present !== undefined)
      reply(response, 409, { kind: 'Status', code: 409, reason: 'AlreadyExists' })
    else if (method === 'DELETE') {
      if (present === undefined) return reply(response, 404, notFound)
      if (!isMeant(present, body as { preconditions?: Preconditions }))
        return reply(response, 409, { kind: 'Status', code: 409, reason: 'Conflict' })
      this.#delete(at, present)
      reply(response, 200, { kind: 'Status', status: 'Success' })
    } else if (present === undefined && path.endsWith('/status')) reply(response, 404, notFound)
    else
      reply(
        response,
        200,
        isDry ? body : this.#store(at, merge(present ?? {}, body) as unknown as KubeObject),
      )
  }

  #delete(at: string, present: KubeObject): void {
    if ((present.metadata.finalizers ?? []).length === 0) this.#remove(at)
    else
      this.#store(at, {
        ...present,
        metadata: { ...present.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
      })
  }

  #store(at: string, object: KubeObject): KubeObject {
    const before = this.#objects.get(at)
    const version = String(++this.#version)
    const metadata = {
      uid: `uid-${version}`,
      generation: 1,
      ...object.metadata,
      resourceVersion: version,
    }
    const spec = (object as { spec?: object }).spec
    const defaults = object.kind === 'FlumeAgent' ? { spec: { ...AGENT_DEFAULTS, ...spec } } : {}
    const stored = { ...object, ...defaults, metadata }
    const isLeaving =
      metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0
    this.#objects.set(at, stored)
    if (isLeaving) this.#remove(at)
    else this.#tell(at, before === undefined ? 'ADDED' : 'MODIFIED', stored)
    return stored
  }

  #remove(at: string): void {
    const object = this.#objects.get(at)
    this.#objects.delete(at)
    const resourceVersion = String(++this.#version)
    if (object !== undefined)
      this.#tell(at, 'DELETED', { ...object, metadata: { ...object.metadata, resourceVersion } })
  }

  #tell(at: string, type: string, object: KubeObject): void {
    this.#history.push({ at, type, object })
    for (const { response, path } of this.#watchers)
      if (isBelow(at, path)) response.write(`${JSON.stringify({ type, object })}\n`)
  }
}

/** As the definition of the kind has them. */
const AGENT_DEFAULTS = { replicas: 1, storage: { size: '10Gi' } }

const notFound = { kind: 'Status', code: 404, reason: 'NotFound' }

interface Preconditions {
  readonly uid?: string
  readonly resourceVersion?: string
}

function isMeant(
  { metadata }: KubeObject,
  { preconditions }: { preconditions?: Preconditions },
): boolean {
  const { uid = metadata.uid, resourceVersion = metadata.resourceVersion } = preconditions ?? {}
  return uid === metadata.uid && resourceVersion === metadata.resourceVersion
}

function pathOfObject(objects: ReadonlyMap<string, KubeObject>, object: KubeObject): string {
  return [...objects].find(([, each]) => each === object)![0]
}

function hasLabel({ metadata }: KubeObject, label: string): boolean {
  const [key, value] = label.split('=')
  return metadata.labels?.[key!] === value
}
