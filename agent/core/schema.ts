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

/** Sizes and durations by the title of their schemas: the form, and what the message says to another. */
export const AMOUNTS = {
  size: {
    form: /^[0-9]+(\.[0-9]+)?(k|M|G|T|Ki|Mi|Gi|Ti)?$/,
    error: 'expected a size such as 64Mi, 10Gi or 4096',
  },
  duration: {
    form: /^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$/,
    error: 'expected a duration such as 500ms, 30s, 5m or 1h',
  },
} as const

/** A Kubernetes quantity of bytes: `10Gi`, `500M`, `4096`. Output: bytes. */
export function byteSize(bounds: Bounds = {}) {
  const { form, error } = AMOUNTS.size
  return z
    .union([z.int().nonnegative(), z.string().regex(form, { error })], { error })
    .transform((value) => {
      if (typeof value === 'number') return value
      const [, digits, unit] = /^([0-9.]+)([A-Za-z]*)$/.exec(value)!
      return Math.round(Number(digits) * BYTE_UNITS[unit!]!)
    })
    .refine(...within(bounds, BYTE_UNITS))
    .meta({ title: 'size', 'x-bounds': inUnitsOf(bounds, BYTE_UNITS) })
}

/** A duration: `500ms`, `30s`, `5m`, `1h`, `7d`. Output: milliseconds. */
export function duration(bounds: Bounds = {}) {
  const { form, error } = AMOUNTS.duration
  return z
    .string({ error })
    .regex(form, { error })
    .transform((value) => {
      const [, digits, unit] = /^([0-9.]+)([a-z]+)$/.exec(value)!
      return Math.round(Number(digits) * DURATION_UNITS[unit!]!)
    })
    .refine(...within(bounds, DURATION_UNITS))
    .meta({ title: 'duration', 'x-bounds': inUnitsOf(bounds, DURATION_UNITS) })
}

interface Bounds {
  readonly min?: number
  readonly max?: number
}

/** The bounds of a size or duration as users write them; in JSON Schema the value of `x-bounds`. */
export interface WrittenBounds {
  readonly min?: string
  readonly max?: string
}

function inUnitsOf({ min, max }: Bounds, units: Readonly<Record<string, number>>): WrittenBounds {
  return {
    ...(min !== undefined && { min: inUnits(min, units) }),
    ...(max !== undefined && { max: inUnits(max, units) }),
  }
}

function within(bounds: Bounds, units: Readonly<Record<string, number>>) {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = bounds
  return [
    (value: number) => value >= min && value <= max,
    { error: boundsText(inUnitsOf(bounds, units)) },
  ] as const
}

/** What the message says to a value that is out of them. */
export function boundsText({ min, max }: WrittenBounds): string {
  const low = min === undefined ? undefined : `at least ${min}`
  const high = max === undefined ? undefined : `at most ${max}`
  const given = [low, high].filter((each) => each !== undefined).join(' and ')
  return given === '' ? 'expected a smaller value' : `expected ${given}`
}

/** In the largest unit that gives a whole number: 8Mi, 30s, 4096. */
function inUnits(value: number, units: Readonly<Record<string, number>>): string {
  if (value === 0) return '0'
  const [unit, factor] = Object.entries(units)
    .filter(([, each]) => value % each === 0)
    .reduce((best, each) => (each[1] >= best[1] ? each : best), ['', 1])
  return `${value / factor}${unit}`
}

/** A name of a component, channel or flow: a DNS label, so that it can stand in paths and labels. */
export const componentName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, {
    error: 'expected a name of at most 63 lower-case letters, digits and "-"',
  })
  .meta({ maxLength: 63 })

/** The name of an event header. */
export const headerName = z.string().min(1).max(256)

/** A map with at most so many entries. */
export function boundedRecord<Value extends z.ZodType>(
  key: z.ZodString,
  value: Value,
  entriesMax: number,
) {
  return z
    .record(key, value)
    .refine((entries) => Object.keys(entries).length <= entriesMax, {
      error: `expected at most ${entriesMax} entries`,
    })
    .meta({ maxProperties: entriesMax })
}

/** Where a source that listens does so. */
export const bindAddress = z
  .string()
  .min(1)
  .max(253)
  .prefault('0.0.0.0')
  .describe('Address or host name to listen at; `::` for all addresses, IPv6 ones too.')
