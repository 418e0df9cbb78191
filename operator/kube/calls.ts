// The options of the calls to the API server.

export interface Call {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number
}

/** Which objects of a type. */
export interface Selection {
  /** Absent: of all namespaces. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
}

export interface ListOptions extends Selection, Call {
  /** Objects in one answer; 0: all in one. */
  readonly pageItems?: number
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string
  readonly signal: AbortSignal
}

export interface WriteOptions extends Call {
  /** The server checks everything and changes nothing. No guard is asked. */
  readonly dryRun?: boolean
}

export interface ApplyOptions extends WriteOptions {
  /** Takes fields over from other managers; true unless said otherwise. */
  readonly force?: boolean
  readonly subresource?: string
  readonly fieldManager?: string
}

export interface PatchOptions extends WriteOptions {
  readonly subresource?: string
}

/** Only this very object, only in this state. */
export interface Preconditions {
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
}

export interface DeleteOptions extends WriteOptions, Preconditions {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
}

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test'
  readonly path: string
  readonly value?: unknown
}

export type Patch = { readonly merge: object } | { readonly json: readonly JsonPatchOperation[] }
