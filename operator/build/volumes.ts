import type { PlainObject } from '../api/list-keys.ts'
import { poolNames } from '../api/names.ts'

/** Keys of one Secret that components of the pool refer to. */
export interface SecretKeys {
  readonly secret: string
  readonly keys: readonly string[]
}

export const CONFIG_DIRECTORY = '/etc/flume'
export const SECRETS_DIRECTORY = `${CONFIG_DIRECTORY}/secrets`
export const DATA_DIRECTORY = '/var/lib/flume'

/** Readable by the group of the pod, which the agent is in, and by nobody else. */
const FILE_MODE = 0o440

/**
 * The flows and the Secrets as one volume, so that they change together. The ConfigMap lies at its root:
 * only there need its keys not be named, and a new flow does not change the pod. All of it is optional: a
 * pod starts whatever is missing, and the agent says so.
 */
export function configVolume(pool: string, secrets: readonly SecretKeys[]): PlainObject {
  const sources = [
    { configMap: { name: poolNames(pool).configMap, optional: true } },
    ...secrets.map(({ secret, keys }) => ({
      secret: {
        name: secret,
        optional: true,
        items: keys.map((key) => ({ key, path: `secrets/${secret}/${key}` })),
      },
    })),
  ]
  return { name: 'config', projected: { defaultMode: FILE_MODE, sources } }
}

/** Those of all flows, each Secret and each key once, in a fixed order. */
export function mergeSecrets(needed: readonly SecretKeys[]): readonly SecretKeys[] {
  const keys = new Map<string, Set<string>>()
  for (const { secret, keys: named } of needed)
    keys.set(secret, new Set([...(keys.get(secret) ?? []), ...named]))
  return [...keys.entries()]
    .map(([secret, named]) => ({ secret, keys: [...named].toSorted() }))
    .toSorted((a, b) => (a.secret < b.secret ? -1 : 1))
}
