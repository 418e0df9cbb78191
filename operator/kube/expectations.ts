import type { KubeObject } from './types.ts'
import { keyOf } from './types.ts'

/** What is asked of a cache. */
export interface CacheView {
  readonly type: { readonly kind: string }
  get(key: string): KubeObject | undefined
  resourceVersion(namespace?: string): string | undefined
}

interface Expectation {
  readonly what: string
  readonly isMet: () => boolean
}

/**
 * What we wrote and the caches may not show yet, by scope (the key of a queue). While anything is unmet,
 * nothing may be destroyed on the word of a cache. A process that starts expects nothing: its caches are
 * listed anew, after all that it wrote before.
 */
export class Expectations {
  /** Scope → kind and key of an object → the last write to it: bounded by the objects there are. */
  readonly #scopes = new Map<string, Map<string, Expectation>>()

  /** `answer` is the object as the server gave it back. */
  wrote(scope: string, cache: CacheView, answer: KubeObject): void {
    const { namespace, resourceVersion } = answer.metadata
    if (resourceVersion === undefined) return
    this.#expect(scope, cache, answer, () => {
      const seen = cache.resourceVersion(namespace)
      return seen !== undefined && compareResourceVersions(seen, resourceVersion) >= 0
    })
  }

  /** Its deletion was asked for. Met when the cache shows that it is going, or gone. */
  removed(scope: string, cache: CacheView, object: KubeObject): void {
    const { uid } = object.metadata
    this.#expect(scope, cache, object, () => {
      const seen = cache.get(keyOf(object.metadata))
      return seen === undefined || seen.metadata.uid !== uid || isGoing(seen)
    })
  }

  /** What the caches do not show yet; empty when they are up to date with us. */
  unmet(scope: string): string[] {
    const expected = this.#scopes.get(scope)
    if (expected === undefined) return []
    for (const [key, { isMet }] of expected) if (isMet()) expected.delete(key)
    if (expected.size === 0) this.#scopes.delete(scope)
    return [...expected.values()].map(({ what }) => what)
  }

  /** The scope is no more. */
  forget(scope: string): void {
    this.#scopes.delete(scope)
  }

  #expect(scope: string, cache: CacheView, object: KubeObject, isMet: () => boolean): void {
    const what = `${cache.type.kind} ${keyOf(object.metadata)}`
    const expected = this.#scopes.get(scope) ?? new Map<string, Expectation>()
    this.#scopes.set(scope, expected.set(what, { what, isMet }))
  }
}

/**
 * Which is the later: below 0, 0, above 0. Kubernetes promises since 1.35 that versions are whole numbers
 * that may be compared within a type; all servers before did it so.
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : Number(a > b)
}

function isGoing(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined
}
