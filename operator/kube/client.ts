import type { Clock } from '../../agent/lib/clock.ts'
import type { Random } from '../../agent/lib/random.ts'
import { objectIn, pageIn, refusalOf } from './answers.ts'
import type {
  ApplyOptions,
  Call,
  DeleteOptions,
  ListOptions,
  Patch,
  PatchOptions,
  Preconditions,
  Selection,
  WatchOptions,
  WriteOptions,
} from './calls.ts'
import { KubeError } from './errors.ts'
import { RESOURCES } from './resources.ts'
import { collectionPath, objectPath, tried, withQuery } from './paths.ts'
import type { Query } from './paths.ts'
import type { Request, Transport } from './transport.ts'
import type { KubeObject, ObjectList, ObjectName, ResourceType, WatchEvent } from './types.ts'
import { apiVersionOf } from './types.ts'
import { eventsOf } from './watch.ts'
import type { Write, WriteGuard } from './writes.ts'

const CALL_TIMEOUT_MS = 30_000
/** Objects in one answer to a list: of large ones, 200 are what one likes to hold in memory at a time. */
export const PAGE_ITEMS = 200
const PAGES_MAX = 10_000
/** The server ends a watch after a random part of this, so that not all start anew at the same time. */
const WATCH_SECONDS = { min: 5 * 60, max: 10 * 60 }

export interface ClientOptions {
  readonly transport: Transport
  /** Under this name the server keeps which fields are ours. */
  readonly fieldManager: string
  readonly clock: Clock
  readonly random: Random
  readonly writes?: WriteGuard
}

/**
 * The calls of the API server that an operator needs. A call is tried once and settles within its
 * time-out; what failed rejects with a KubeError, and whoever called it repeats it or not.
 */
export class KubeClient {
  readonly #options: ClientOptions

  constructor(options: ClientOptions) {
    this.#options = options
  }

  async get<T extends KubeObject>(
    type: ResourceType,
    name: ObjectName,
    call: Call = {},
  ): Promise<T> {
    const said = { tried: tried('get', type, name), labels: { verb: 'get', kind: type.kind } }
    const request = { method: 'GET', path: objectPath(type, name), ...said } as const
    return (await this.#send(request, call)) as T
  }

  /** All pages, as they are now: never an older state from a cache of the server. */
  async list<T extends KubeObject>(
    type: ResourceType,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    const items: T[] = []
    let resourceVersion = ''
    for await (const page of this.pages<T>(type, options)) {
      for (const item of page.items) items.push(item)
      resourceVersion = page.resourceVersion
    }
    return { items, resourceVersion }
  }

  /** The same page by page, for whoever does not keep all of it. All pages have one resourceVersion. */
  async *pages<T extends KubeObject>(
    type: ResourceType,
    options: ListOptions = {},
  ): AsyncGenerator<ObjectList<T>> {
    const { pageItems = PAGE_ITEMS, ...selection } = options
    const apiVersion = apiVersionOf(type)
    let token: string | undefined
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const limit = pageItems === 0 ? undefined : pageItems
      const request = this.#read('list', type, { ...selection, query: { limit, continue: token } })
      const page = pageIn(await this.#send(request, options), request.tried)
      yield {
        // The server leaves out what the items of a list have in common.
        items: page.objects.map((item) =>
          Object.assign({ apiVersion, kind: type.kind }, item as T),
        ),
        resourceVersion: page.resourceVersion,
      }
      token = page.token
      if (token === undefined) return
    }
    const what = this.#read('list', type, { ...selection, query: {} }).tried
    throw new KubeError('FLM7105', what, {
      why: `there is no end after ${PAGES_MAX} pages`,
      retryable: true,
    })
  }

  /** Ends when the server does or `signal` aborts; throws a KubeError otherwise. */
  async *watch<T extends KubeObject>(
    type: ResourceType,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    const { resourceVersion, signal } = options
    const { transport, random, clock } = this.#options
    const { min, max } = WATCH_SECONDS
    const timeoutSeconds = Math.round(min + random.number() * (max - min))
    const watch = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds }
    const request = this.#read('watch', type, { ...options, query: watch })
    let response
    try {
      response = await transport.open({ ...request, signal })
      if (response.statusCode !== 200)
        throw refusalOf(
          request.tried,
          await transport.rest(response, request.tried, CALL_TIMEOUT_MS),
        )
    } catch (thrown) {
      if (signal.aborted) return
      throw thrown
    }
    yield* eventsOf<T>(response, { tried: request.tried, clock, signal })
  }

  async create<T extends KubeObject>(
    type: ResourceType,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const name = object.metadata
    const path = collectionPath(type, name.namespace)
    const { fieldManager } = this.#options
    const request = {
      method: 'POST',
      path: withQuery(path, { fieldManager, ...dryRun(options) }),
      body: json('application/json', object),
    } as const
    return (await this.#write({ verb: 'create', type, name }, request, options)) as T
  }

  /** Server-side apply: the fields of `object` are set and ours, those we had before and left out are removed. */
  async apply<T extends KubeObject>(
    type: ResourceType,
    object: T,
    options: ApplyOptions = {},
  ): Promise<T> {
    const { force = true, subresource, fieldManager = this.#options.fieldManager } = options
    const name = object.metadata
    const query = { fieldManager, force, ...dryRun(options) }
    const request = {
      method: 'PATCH',
      path: withQuery(objectPath(type, name, subresource), query),
      body: json('application/apply-patch+yaml', object),
    } as const
    return (await this.#write({ verb: 'apply', type, name, subresource }, request, options)) as T
  }

  /** A `resourceVersion` in the metadata of a merge makes it a precondition. */
  async patch<T extends KubeObject>(
    type: ResourceType,
    name: ObjectName,
    patch: Patch,
    options: PatchOptions = {},
  ): Promise<T> {
    const { subresource } = options
    const { fieldManager } = this.#options
    const body =
      'merge' in patch
        ? json('application/merge-patch+json', patch.merge)
        : json('application/json-patch+json', patch.json)
    const query = { fieldManager, ...dryRun(options) }
    const path = withQuery(objectPath(type, name, subresource), query)
    const request = { method: 'PATCH', path, body } as const
    return (await this.#write({ verb: 'patch', type, name, subresource }, request, options)) as T
  }

  /** The object if it is still there, as finalizers and graceful deletion keep it; undefined when it is gone. */
  async delete(
    type: ResourceType,
    name: ObjectName,
    options: DeleteOptions = {},
  ): Promise<KubeObject | undefined> {
    const { propagationPolicy } = options
    const body = { ...deleteOptions(options), ...(propagationPolicy && { propagationPolicy }) }
    const request = {
      method: 'DELETE',
      path: withQuery(objectPath(type, name), dryRun(options)),
      body: json('application/json', body),
    } as const
    const answer = (await this.#write(
      { verb: 'delete', type, name },
      request,
      options,
    )) as KubeObject
    return answer.kind === 'Status' ? undefined : answer
  }

  /** Deletes a pod if its PodDisruptionBudget allows it; else rejects, see isDisruptionBudget. */
  async evict(pod: ObjectName, options: WriteOptions & Preconditions = {}): Promise<void> {
    const type = RESOURCES.pods
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: pod,
      deleteOptions: deleteOptions(options),
    }
    const request = {
      method: 'POST',
      path: withQuery(objectPath(type, pod, 'eviction'), dryRun(options)),
      body: json('application/json', eviction),
    } as const
    await this.#write({ verb: 'evict', type, name: pod }, request, options)
  }

  #read(
    verb: string,
    type: ResourceType,
    { namespace, labelSelector, fieldSelector, query }: Selection & { query: Query },
  ) {
    const path = collectionPath(type, namespace)
    const where = namespace === undefined ? 'of all namespaces' : `in ${namespace}`
    const of = labelSelector === undefined ? '' : ` with ${labelSelector}`
    return {
      method: 'GET',
      path: withQuery(path, { ...query, labelSelector, fieldSelector }),
      tried: `${verb} ${type.plural} ${type.namespaced ? where : 'of the cluster'}${of}`,
      labels: { verb, kind: type.kind },
    } as const
  }

  /** The one way for everything that changes something. */
  async #write(
    write: Write,
    request: Omit<Request, 'tried' | 'labels'>,
    options: WriteOptions,
  ): Promise<unknown> {
    const { verb, type, name, subresource } = write
    const isDry = options.dryRun === true
    const guard = isDry ? undefined : this.#options.writes
    const kind = subresource === undefined ? type.kind : `${type.kind}/${subresource}`
    const said = {
      tried: tried(verb, type, name, subresource),
      labels: { verb: isDry ? 'dry-run' : verb, kind },
    }
    guard?.before?.(write)
    try {
      return await this.#send({ ...request, ...said }, options)
    } finally {
      guard?.after?.(write)
    }
  }

  async #send(request: Request, call: Call): Promise<unknown> {
    const { signal, timeoutMs = CALL_TIMEOUT_MS } = call
    const answer = await this.#options.transport.send({ ...request, signal }, timeoutMs)
    const object = objectIn(answer, request.tried)
    if (typeof object === 'object' && object !== null) return object
    throw new KubeError('FLM7105', request.tried, {
      why: 'the answer is JSON but no object',
      retryable: true,
    })
  }
}

function json(type: string, content: object) {
  return { type, text: JSON.stringify(content) }
}

function dryRun({ dryRun: isDry }: WriteOptions): Query {
  return { dryRun: isDry === true ? 'All' : undefined }
}

function deleteOptions({ uid, resourceVersion }: Preconditions): object {
  const preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) }
  const some = Object.keys(preconditions).length > 0
  return { apiVersion: 'v1', kind: 'DeleteOptions', ...(some && { preconditions }) }
}
