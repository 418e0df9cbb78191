import { z } from 'zod'

/**
 * Building blocks of component schemas. In manifests the value carries the unit (`10Gi`, `5m`); in
 * code the name does. Defaults are given in the user's form, with `.prefault('64Mi')`.
 */

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3600e3,
  d: 86400e3,
}

/** A Kubernetes quantity of bytes: `10Gi`, `500M`, `4096`. Output: bytes. */
export function byteSize(bounds: { readonly min?: number; readonly max?: number } = {}) {
  return z
    .union([z.int().nonnegative(), z.string().regex(/^[0-9]+(\.[0-9]+)?(k|M|G|T|Ki|Mi|Gi|Ti)?$/)], {
      error: 'expected a size such as 64Mi, 10Gi or 4096',
    })
    .transform((value) => {
      if (typeof value === 'number') return value
      const [, digits, unit] = /^([0-9.]+)([A-Za-z]*)$/.exec(value)!
      return Math.round(Number(digits) * BYTE_UNITS[unit!]!)
    })
    .refine(...within(bounds, 'bytes'))
}

/** A duration: `500ms`, `30s`, `5m`, `1h`, `7d`. Output: milliseconds. */
export function duration(bounds: { readonly min?: number; readonly max?: number } = {}) {
  return z
    .string({ error: 'expected a duration such as 500ms, 30s, 5m or 1h' })
    .regex(/^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$/, {
      error: 'expected a duration such as 500ms, 30s, 5m or 1h',
    })
    .transform((value) => {
      const [, digits, unit] = /^([0-9.]+)([a-z]+)$/.exec(value)!
      return Math.round(Number(digits) * DURATION_UNITS[unit!]!)
    })
    .refine(...within(bounds, 'ms'))
}

function within(bounds: { readonly min?: number; readonly max?: number }, unit: string) {
  const min = bounds.min ?? 0
  const max = bounds.max ?? Number.MAX_SAFE_INTEGER
  return [
    (value: number) => value >= min && value <= max,
    { error: `expected a value from ${min} to ${max} ${unit}` },
  ] as const
}

/** A name of a component, channel or flow: a DNS label, so that it can stand in paths and labels. */
export const componentName = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, {
  error: 'expected a name of at most 63 lower-case letters, digits and "-"',
})

/** The name of an event header. */
export const headerName = z.string().min(1).max(256)
