import { join } from 'node:path'
import type { SecretFile } from '../core/tls.ts'
import { faultAt } from './across.ts'
import { draftFlow } from './draft.ts'
import type { FlowDraft, UnionDraft } from './draft.ts'
import { SINKS, SOURCES } from './entries.ts'
import type { Manifest } from './manifests.ts'
import { fromValue } from './node.ts'
import type { Path } from './node.ts'
import type { Problem } from './problem.ts'

/** What is needed of one Secret. */
export interface NeededSecret {
  readonly secret: string
  /** Sorted. */
  readonly keys: readonly string[]
}

/** A key of a Secret that a component refers to. */
export interface SecretKey {
  readonly secret: string
  readonly key: string
}

/** The layout of a directory with Secrets, as a pod has it: `DIR/<secret>/<key>`. */
export function secretFileIn(directory: string): SecretFile {
  return (secret, key) => join(directory, secret, key)
}

/**
 * The Secrets that a FlumeFlow refers to, sorted by name. `manifest` is the object as the API server has it.
 * Components with mistakes are left out: they are not run. Pure.
 */
export function secretsOf(manifest: { readonly spec: unknown }): readonly NeededSecret[] {
  const keys = new Map<string, Set<string>>()
  for (const { secret, key } of secretKeysOf(draftFlow(fromValue({ spec: manifest.spec }))))
    keys.set(secret, (keys.get(secret) ?? new Set()).add(key))
  return [...keys]
    .map(([secret, found]) => ({ secret, keys: [...found].sort() }))
    .sort((a, b) => (a.secret < b.secret ? -1 : 1))
}

/** Each key that the components of a flow refer to, with the component it was first found in. */
export function secretKeysOf(flow: FlowDraft): readonly (SecretKey & { readonly path: Path })[] {
  const found = new Map<string, SecretKey & { readonly path: Path }>()
  const look = (entries: typeof SOURCES | typeof SINKS, { types, config, path }: UnionDraft) => {
    if (config === undefined) return
    const [type] = types
    entries[type!]!.withSecrets?.(config, (secret, key) => {
      const id = `${secret}/${key}`
      if (!found.has(id)) found.set(id, { secret, key, path: [...path, type!, 'tls'] })
      return id
    })
  }
  for (const source of flow.sources) look(SOURCES, source)
  for (const sink of flow.sinks) look(SINKS, sink)
  return [...found.values()]
}

/** References to Secrets in the flows of an agent, where it is not known where Secrets are. Pure. */
export function secretsNowhere(manifests: readonly Manifest[], agent: string): Problem[] {
  return manifests.flatMap((manifest) => {
    const { flow } = manifest
    if (manifest.agent !== agent || flow === undefined) return []
    const [first] = secretKeysOf(flow)
    if (first === undefined) return []
    const message = `the Secret ${JSON.stringify(first.secret)} is referred to, and where Secrets are is not known. Give --secrets-dir DIR, with the file DIR/${first.secret}/${first.key}`
    return [faultAt(manifest, 'FLM1313', first.path, message).problem]
  })
}
