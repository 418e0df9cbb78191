import { z } from 'zod'
import { boundedRecord } from '../core/schema.ts'
import { ENTRIES_MAX } from './kubernetes-fields.ts'

/** Factor of each suffix that Kubernetes knows. */
const UNITS: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** As AMOUNTS of core/schema.ts. */
export const QUANTITY = {
  form: /^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/,
  error: 'expected a quantity such as 500m, 2 or 4Gi',
} as const
const LENGTH_MAX = 32

/**
 * An amount as Kubernetes writes it: `500m` of a processor, `4Gi` of memory. It stays as it was
 * written, as it is Kubernetes that reads it.
 */
const quantitySchema = z
  .union(
    [
      z.int().nonnegative(),
      z.string().max(LENGTH_MAX, { error: QUANTITY.error }).regex(QUANTITY.form, {
        error: QUANTITY.error,
      }),
    ],
    { error: QUANTITY.error },
  )
  .meta({ title: 'quantity' })

/** Quantities by what they are of: `cpu`, `memory`. */
export function quantityMap() {
  return boundedRecord(z.string().min(1).max(317), quantitySchema, ENTRIES_MAX).meta({
    title: 'quantities by name',
  })
}

/** The value of a quantity; NaN for what is none. */
export function parseQuantity(quantity: string | number): number {
  if (typeof quantity === 'number') return quantity
  const match = QUANTITY.form.test(quantity) ? /^([0-9.]+)([A-Za-z]*)$/.exec(quantity) : null
  return match === null ? Number.NaN : Number(match[1]) * UNITS[match[2]!]!
}
