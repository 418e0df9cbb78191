import type { z } from 'zod'
import { bytes, given, hasForm, literal, seconds } from './cel.ts'
import type { ValidationRule } from './structural.ts'
import { jsonSchemaOf } from './zod-schema.ts'

export interface OrderOptions {
  readonly unit: 'size' | 'duration' | 'number'
  readonly low: string
  readonly high: string
  /** `low` times this is at most `high`. */
  readonly factor?: number
  /** The field that the message is about. */
  readonly at: string
  readonly message: string
}

/** One field of a component is at most another, whether they are given or have their defaults. */
export function orderRule(
  entry: { readonly schema: z.ZodType } | undefined,
  { unit, low, high, factor = 1, at, message }: OrderOptions,
): ValidationRule {
  const { properties = {} } = jsonSchemaOf(entry!.schema)
  const value = (name: string): string => {
    const property = properties[name] as { readonly default?: string | number } | undefined
    if (property === undefined) throw new TypeError(`there is no field ${name}`)
    return valueOf(unit, `self.${name}`, property.default ?? 0)
  }
  const times = factor === 1 ? '' : ` * ${numberIn(unit, factor)}`
  const order = `${value(low)}${times} <= ${value(high)}`
  // What has not its form is reported by itself.
  const forms =
    unit === 'number'
      ? []
      : [low, high].map((name) => given(`self.${name}`, hasForm(unit, `self.${name}`), 'true'))
  return {
    rule: [...forms.map((form) => `!${form}`), order].join(' || '),
    fieldPath: `.${at}`,
    message,
  }
}

function valueOf(unit: OrderOptions['unit'], path: string, initial: string | number): string {
  if (unit === 'number') return given(path, path, String(initial))
  if (unit === 'size') return given(path, bytes(path), literal(initial, true))
  return given(path, `(${seconds(path)})`, literal(initial, false))
}

function numberIn(unit: OrderOptions['unit'], value: number): string {
  return unit === 'number' ? String(value) : literal(value, true)
}
