import { isPlainObject, itemKeys } from '../api/list-keys.ts'
import type { PlainObject } from '../api/list-keys.ts'

/**
 * Fields that hold exactly one of several alternatives: a half of one and a half of another would be
 * neither, so that what the user writes replaces them whole.
 */
const UNIONS: ReadonlySet<string> = new Set([
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'postStart',
  'preStop',
])

/** Lists whose items are such alternatives. */
const UNION_LISTS: ReadonlySet<string> = new Set(['volumes', 'env'])

/**
 * What the user writes in `podTemplate`, laid over the template of the operator: maps are merged, lists
 * with keyed items item by item, all else is replaced; null removes. Pure; shares what it does not change.
 */
export function mergeTemplate(base: PlainObject, overlay: PlainObject): PlainObject {
  const merged = new Map(Object.entries(base))
  for (const [field, value] of Object.entries(overlay)) {
    if (value === null) merged.delete(field)
    else if (value !== undefined) merged.set(field, mergeField(field, merged.get(field), value))
  }
  return Object.fromEntries(merged)
}

function mergeField(field: string, base: unknown, overlay: unknown): unknown {
  if (isPlainObject(overlay))
    return mergeTemplate(isPlainObject(base) && !UNIONS.has(field) ? base : {}, overlay)
  if (Array.isArray(overlay)) return mergeList(field, Array.isArray(base) ? base : [], overlay)
  return overlay
}

function mergeList(
  field: string,
  base: readonly unknown[],
  overlay: readonly unknown[],
): readonly unknown[] {
  const baseKeys = itemKeys(field, base)
  const overlayKeys = itemKeys(field, overlay)
  // An item without its key is a mistake: the API server is shown it as it is, and says so.
  if (baseKeys === undefined || overlayKeys === undefined) return overlay
  const whole = UNION_LISTS.has(field)
  const merged = new Map(base.map((item, i) => [baseKeys[i]!, item as PlainObject]))
  for (const [i, item] of overlay.entries()) {
    const earlier = whole ? undefined : merged.get(overlayKeys[i]!)
    merged.set(overlayKeys[i]!, mergeTemplate(earlier ?? {}, item as PlainObject))
  }
  return [...merged.values()]
}
