import type { WrittenBounds } from '../../agent/core/schema.ts'
import { boundsText } from '../../agent/core/schema.ts'
import type { ValidationRule } from './structural.ts'

/*
 * Expressions in CEL for what the schemas of components check by functions. `self` has no defaults:
 * a CRD leaves them to the agent.
 */

/** Words of CEL that Kubernetes wants escaped where they name a field, such as the sink `null`. */
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** A field of an object, escaped where it must be. */
export function field(name: string, of = 'self'): string {
  return `${of}.${RESERVED.has(name) ? `__${name}__` : name}`
}

/** A text in single quotes. */
export function text(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** `value` where the field is given, else `otherwise`. */
export function given(path: string, value: string, otherwise: string): string {
  return `(has(${path}) ? ${value} : ${otherwise})`
}

/** The bytes of a size that has the right form. */
export function bytes(path: string): string {
  return `(type(${path}) == int ? double(${path}) : quantity(${path}).asApproximateFloat())`
}

/** Whether a field has the form of a size. */
export function isSize(path: string): string {
  return `(type(${path}) == int || isQuantity(${path}))`
}

const DURATION_FORM = text('^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$')

/** Whether a field has the form of a duration. */
export function isDuration(path: string): string {
  return `${path}.matches(${DURATION_FORM})`
}

/** The seconds of a duration that has the right form; CEL itself knows no days. */
export function seconds(path: string): string {
  const number = (unit: string): string =>
    `double(${path}.substring(0, ${path}.size() - ${unit.length}))`
  const units: readonly (readonly [string, string])[] = [
    ['ms', ' / 1000.0'],
    ['s', ''],
    ['m', ' * 60.0'],
    ['h', ' * 3600.0'],
  ]
  return units.reduceRight(
    (rest, [unit, factor]) => `${path}.endsWith('${unit}') ? ${number(unit)}${factor} : ${rest}`,
    `${number('d')} * 86400.0`,
  )
}

/** What stands for the bounds of a size or duration; none for one without. */
export function boundsRules(title: string, bounds: WrittenBounds): ValidationRule[] {
  const isBytes = title === 'size'
  const { min, max } = bounds
  const value = isBytes ? bytes('self') : `(${seconds('self')})`
  const sides = [
    ...(min === undefined || min === '0' ? [] : [`${value} >= ${literal(min, isBytes)}`]),
    ...(max === undefined ? [] : [`${value} <= ${literal(max, isBytes)}`]),
  ]
  if (sides.length === 0) return []
  const form = isBytes ? isSize('self') : isDuration('self')
  const range = sides.length === 1 ? sides[0]! : sides.join(' && ')
  return [{ rule: `!${form} || ${range}`, message: boundsText(bounds) }]
}

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
}

/** A size in bytes or a duration in seconds, as a number of CEL. */
export function literal(written: string | number, isBytes: boolean): string {
  const [, digits, unit] = /^([0-9.]+)([A-Za-z]*)$/.exec(String(written))!
  // The letter m is a minute here; as a part of a byte it does not come up.
  if (isBytes && unit === 'm') throw new TypeError(`${written} is no size`)
  const number = Number(digits) * FACTORS[unit!]!
  return Number.isInteger(number) ? `${number}.0` : String(number)
}
