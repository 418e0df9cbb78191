import type { Logger } from '../../agent/core/logger.ts'
import type { Clock } from '../../agent/lib/clock.ts'
import type { Random } from '../../agent/lib/random.ts'
import type { KubeClient } from './client.ts'
import { Reflector } from './reflector.ts'
import type { ReflectorTarget } from './reflector.ts'
import { Store } from './store.ts'
import type { Change, Indexer } from './store.ts'
import type { KubeObject, ResourceType } from './types.ts'

export interface ObjectCacheOptions<T extends KubeObject> {
  readonly client: KubeClient
  readonly type: ResourceType
  /** Absent: all namespaces, or the cluster. */
  readonly namespaces?: readonly string[] | undefined
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly indexers?: Readonly<Record<string, Indexer<T>>>
  /** Drops what nobody reads, so that it takes no memory. managedFields are dropped anyway. */
  readonly transform?: (object: T) => T
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/**
 * The objects of one type, kept up to date by a reflector per namespace. What it hands out is shared by
 * all and never changed. It may be behind the server: see `resourceVersion`, `silentMs` and Expectations.
 */
export class ObjectCache<T extends KubeObject> {
  readonly type: ResourceType
  readonly #options: ObjectCacheOptions<T>
  readonly #store: Store<T>
  /** By namespace; undefined for all. */
  readonly #reflectors: ReadonlyMap<string | undefined, Reflector<T>>
  readonly #handlers = new Set<(change: Change<T>) => void>()
  readonly #synced = Promise.withResolvers<void>()

  constructor(options: ObjectCacheOptions<T>) {
    this.type = options.type
    this.#options = options
    this.#store = new Store(options.indexers ?? {}, (change) => this.#tell(change))
    const namespaces = options.namespaces ?? [undefined]
    this.#reflectors = new Map(namespaces.map((each) => [each, this.#reflector(each)]))
  }

  start(): void {
    for (const reflector of this.#reflectors.values()) reflector.start()
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((each) => each.stop()))
  }

  /** Everything was listed once. */
  get hasSynced(): boolean {
    return [...this.#reflectors.values()].every((each) => each.hasListed)
  }

  /** Resolves when it has synced. */
  whenSynced(): Promise<void> {
    return this.#synced.promise
  }

  get size(): number {
    return this.#store.size
  }

  /** By `namespace/name`. */
  get(key: string): T | undefined {
    return this.#store.get(key)
  }

  list(): T[] {
    return this.#store.list()
  }

  /** Those for which the indexer gave `value`. */
  byIndex(index: string, value: string): T[] {
    return this.#store.byIndex(index, value)
  }

  /** Tells every change from now on, the first list as added objects, until the returned function is called. */
  onChange(handler: (change: Change<T>) => void): () => void {
    this.#handlers.add(handler)
    return () => void this.#handlers.delete(handler)
  }

  /** How far the copy of a namespace is; undefined before the first list. */
  resourceVersion(namespace?: string): string | undefined {
    const reflector = this.#reflectors.get(namespace) ?? this.#reflectors.get(undefined)
    return reflector?.resourceVersion
  }

  /** Since the server last said anything about this type, in the namespace of which that is the longest ago. */
  silentMs(): number {
    return Math.max(...[...this.#reflectors.values()].map((each) => each.silentMs))
  }

  #reflector(namespace: string | undefined): Reflector<T> {
    const { client, type, labelSelector, fieldSelector, clock, random, log } = this.#options
    const { transform = (object) => object } = this.#options
    const selection = { namespace, labelSelector, fieldSelector }
    return new Reflector<T>({
      client,
      type,
      selection,
      transform: (object) => transform(withoutManagedFields(object)),
      target: this.#target(namespace),
      clock,
      random,
      log,
    })
  }

  #target(namespace: string | undefined): ReflectorTarget<T> {
    const store = this.#store
    return {
      replace: (objects) => {
        store.replace(objects, namespace)
        if (this.hasSynced) this.#synced.resolve()
      },
      put: (object) => store.put(object),
      delete: (object) => store.delete(object),
    }
  }

  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) {
      try {
        handler(change)
      } catch (error) {
        const { name, namespace } = change.object.metadata
        const fields = { kind: this.type.kind, namespace, name, error }
        this.#options.log.error(fields, 'a handler of a change failed')
      }
    }
  }
}

function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata.managedFields === undefined) return object
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}
