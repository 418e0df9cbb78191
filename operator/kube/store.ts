import type { KubeObject } from './types.ts'
import { keyOf } from './types.ts'

/** What changed, with the state before. A deletion shows the last state that is known. */
export type Change<T extends KubeObject> =
  | { readonly type: 'added'; readonly object: T; readonly old: undefined }
  | { readonly type: 'updated'; readonly object: T; readonly old: T }
  | { readonly type: 'deleted'; readonly object: T; readonly old: T }

/** The values under which an object is found. */
export type Indexer<T extends KubeObject> = (object: T) => readonly string[]

/**
 * The objects of one type by key, and indexes over them. Each change is told, in order, after it is in
 * effect. What is the same version is no change.
 */
export class Store<T extends KubeObject> {
  readonly #objects = new Map<string, T>()
  readonly #indexes: readonly Index<T>[]
  readonly #tell: (change: Change<T>) => void

  constructor(
    indexers: Readonly<Record<string, Indexer<T>>>,
    tell: (change: Change<T>) => void = () => {},
  ) {
    this.#indexes = Object.entries(indexers).map(([name, valuesOf]) => new Index(name, valuesOf))
    this.#tell = tell
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(): T[] {
    return [...this.#objects.values()]
  }

  byIndex(index: string, value: string): T[] {
    const found = this.#indexes.find(({ name }) => name === index)
    if (found === undefined) throw new TypeError(`there is no index "${index}"`)
    return [...found.keys(value)].map((key) => this.#objects.get(key)!)
  }

  put(object: T): void {
    const key = keyOf(object.metadata)
    const old = this.#objects.get(key)
    if (old !== undefined && old.metadata.uid !== object.metadata.uid) {
      // Another object of the same name: the deletion of the first was missed.
      this.#remove(key, old, old)
      this.#set(key, object, undefined)
    } else if (old?.metadata.resourceVersion !== object.metadata.resourceVersion) {
      this.#set(key, object, old)
    }
  }

  /** `last` is its state when it was deleted. */
  delete(last: T): void {
    const key = keyOf(last.metadata)
    const old = this.#objects.get(key)
    if (old !== undefined) this.#remove(key, old, last)
  }

  /** These are all there are, of one namespace or of all: what else is here has been deleted. */
  replace(objects: readonly T[], namespace?: string): void {
    const keys = new Set(objects.map((object) => keyOf(object.metadata)))
    for (const [key, old] of this.#objects) {
      if (namespace !== undefined && old.metadata.namespace !== namespace) continue
      if (!keys.has(key)) this.#remove(key, old, old)
    }
    for (const object of objects) this.put(object)
  }

  #set(key: string, object: T, old: T | undefined): void {
    this.#objects.set(key, object)
    for (const index of this.#indexes) index.change(key, object, old)
    if (old === undefined) this.#tell({ type: 'added', object, old })
    else this.#tell({ type: 'updated', object, old })
  }

  #remove(key: string, old: T, last: T): void {
    this.#objects.delete(key)
    for (const index of this.#indexes) index.change(key, undefined, old)
    this.#tell({ type: 'deleted', object: last, old })
  }
}

/** Value → keys. */
class Index<T extends KubeObject> {
  readonly name: string
  readonly #valuesOf: Indexer<T>
  readonly #keys = new Map<string, Set<string>>()

  constructor(name: string, valuesOf: Indexer<T>) {
    this.name = name
    this.#valuesOf = valuesOf
  }

  keys(value: string): Iterable<string> {
    return this.#keys.get(value) ?? []
  }

  change(key: string, object: T | undefined, old: T | undefined): void {
    for (const value of old === undefined ? [] : this.#valuesOf(old)) {
      const keys = this.#keys.get(value)
      keys?.delete(key)
      if (keys?.size === 0) this.#keys.delete(value)
    }
    for (const value of object === undefined ? [] : this.#valuesOf(object)) {
      const keys = this.#keys.get(value)
      if (keys === undefined) this.#keys.set(value, new Set([key]))
      else keys.add(key)
    }
  }
}
