import { isPlainObject, itemKeys } from '../api/list-keys.ts'
import type { PlainObject } from '../api/list-keys.ts'

/** A place where an object is not as it is asked for. */
export interface Difference {
  /** `spec.template.spec.containers[agent].image` */
  readonly path: string
  readonly live: unknown
  readonly desired: unknown
}

/**
 * What of `desired` is not in `live`; empty when all of it is. What is in `live` alone does not count:
 * defaults, and what others have set. Pure.
 */
export function differences(desired: unknown, live: unknown): readonly Difference[] {
  return compare('', '', desired, live)
}

function compare(path: string, field: string, desired: unknown, live: unknown): Difference[] {
  if (desired === undefined || Object.is(desired, live)) return []
  if (isPlainObject(desired) && isPlainObject(live)) return compareMaps(path, desired, live)
  if (Array.isArray(desired) && Array.isArray(live)) {
    const found = compareLists(path, field, desired, live)
    if (found !== undefined) return found
  }
  return [{ path, live, desired }]
}

function compareMaps(path: string, desired: PlainObject, live: PlainObject): Difference[] {
  return Object.entries(desired).flatMap(([key, value]) =>
    compare(path === '' ? key : `${path}.${key}`, key, value, live[key]),
  )
}

/** undefined: the list differs as a whole. */
function compareLists(
  path: string,
  field: string,
  desired: readonly unknown[],
  live: readonly unknown[],
): Difference[] | undefined {
  const desiredKeys = itemKeys(field, desired)
  const liveKeys = itemKeys(field, live)
  if (desiredKeys !== undefined && liveKeys !== undefined) {
    return desired.flatMap((item, i) => {
      const at = liveKeys.indexOf(desiredKeys[i]!)
      const [name] = JSON.parse(desiredKeys[i]!) as unknown[]
      return compare(`${path}[${String(name)}]`, '', item, at < 0 ? undefined : live[at])
    })
  }
  if (desired.length !== live.length) return undefined
  return desired.flatMap((item, i) => compare(`${path}[${i}]`, '', item, live[i]))
}

const SHOWN_LENGTH = 80

/** `spec.replicas: 2 → 3` */
export function describeDifference({ path, live, desired }: Difference): string {
  return `${path}: ${shown(live)} → ${shown(desired)}`
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}
