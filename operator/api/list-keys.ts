/**
 * Lists of a pod template whose items have an identity, and the fields that make it, as the OpenAPI
 * schema of Kubernetes has them. All other lists are values as a whole.
 */
const LIST_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  imagePullSecrets: ['name'],
  ports: ['containerPort', 'protocol'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  hostAliases: ['ip'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
}

/** What the API server takes for a key that is not given. */
const KEY_DEFAULTS: Readonly<Record<string, unknown>> = { protocol: 'TCP' }

export type PlainObject = Readonly<Record<string, unknown>>

export function isPlainObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The identities of the items of the list `field` of a pod template, in their order; undefined where
 * the list is a value as a whole, or an item lacks what makes its identity.
 */
export function itemKeys(field: string, items: readonly unknown[]): readonly string[] | undefined {
  const fields = Object.hasOwn(LIST_KEYS, field) ? LIST_KEYS[field] : undefined
  if (fields === undefined) return undefined
  const keys = items.map((item) => itemKey(fields, item))
  return keys.includes(undefined) ? undefined : (keys as string[])
}

function itemKey(fields: readonly string[], item: unknown): string | undefined {
  if (!isPlainObject(item)) return undefined
  const parts = fields.map((field) => item[field] ?? KEY_DEFAULTS[field])
  return parts.includes(undefined) ? undefined : JSON.stringify(parts)
}
