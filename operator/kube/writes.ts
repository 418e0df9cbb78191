import type { ObjectName, ResourceType } from './types.ts'

/** A request that changes something. */
export interface Write {
  readonly verb: 'create' | 'apply' | 'patch' | 'delete' | 'evict'
  readonly type: ResourceType
  readonly name: ObjectName
  readonly subresource?: string | undefined
}

/** Asked around every write of a client: the fence of the leader, and tests. */
export interface WriteGuard {
  /** Throws to refuse it: nothing is sent. */
  before?(write: Write): void
  /** The API server has answered, well or not. Throws so that the caller never learns of it, as in a crash. */
  after?(write: Write): void
}

/** Asks all of them, in order. */
export function guards(...all: readonly WriteGuard[]): WriteGuard {
  return {
    before(write) {
      for (const each of all) each.before?.(write)
    },
    after(write) {
      for (const each of all) each.after?.(write)
    },
  }
}
