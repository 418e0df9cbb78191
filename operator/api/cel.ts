import { QUANTITY } from '../../agent/config/quantity.ts'
import { AMOUNTS, boundsText } from '../../agent/core/schema.ts'
import type { WrittenBounds } from '../../agent/core/schema.ts'
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

/** Texts and numbers that have a form of their own, by the title of their schemas. */
const FORMS = { ...AMOUNTS, quantity: QUANTITY } as const

export type Form = keyof typeof FORMS

export function isForm(title: string | undefined): title is Form {
  return title !== undefined && Object.hasOwn(FORMS, title)
}

/** The expression behind a form. */
export function patternOf(title: Form): string {
  return FORMS[title].form.source
}

/** Whether a value has its form, so that the functions below can read it. */
export function hasForm(title: Form, path: string): string {
  const matches = `${path}.matches(${text(patternOf(title))})`
  return title === 'duration' ? matches : `(type(${path}) == int ? ${path} >= 0 : ${matches})`
}

/** In place of a pattern: the message says what is expected. */
export function formRule(title: Form): ValidationRule {
  return { rule: hasForm(title, 'self'), ...withValue(title, FORMS[title].error) }
}

/** With the value, of which the API server shows the type alone. That of a number or text has no bound in CEL. */
function withValue(
  title: Form,
  message: string,
): Pick<ValidationRule, 'message' | 'messageExpression'> {
  if (title !== 'duration') return { message }
  return { message, messageExpression: `${text(`${message}, got `)} + self` }
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
export function boundsRules(title: Form, bounds: WrittenBounds): ValidationRule[] {
  const isBytes = title === 'size'
  const { min, max } = bounds
  const value = isBytes ? bytes('self') : `(${seconds('self')})`
  const sides = [
    ...(min === undefined || min === '0' ? [] : [`${value} >= ${literal(min, isBytes)}`]),
    ...(max === undefined ? [] : [`${value} <= ${literal(max, isBytes)}`]),
  ]
  if (sides.length === 0) return []
  const rule = `!${hasForm(title, 'self')} || ${sides.join(' && ')}`
  return [{ rule, ...withValue(title, boundsText(bounds)) }]
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
