import type { z } from 'zod'
import type { WrittenBounds } from '../../agent/core/schema.ts'
import { boundsRules, field, formRule, isForm, patternOf, text } from './cel.ts'
import { crdDescription } from './crd-description.ts'
import type { StructuralSchema, ValidationRule } from './structural.ts'
import { KEYS, isRefined, jsonSchemaOf } from './zod-schema.ts'
import type { JsonSchema } from './zod-schema.ts'

/** What a CRD says of a place beyond its schema. */
export interface Addition {
  readonly rules?: readonly ValidationRule[]
  /** Of a list: the field that tells its entries apart, or that they are all different. */
  readonly key?: string
  readonly set?: true
  /** Why no rule stands for a check of the agent. */
  readonly agentOnly?: string
}

/** By place: `sources[].avro`. */
export type Additions = Readonly<Record<string, Addition>>

export interface CrdSchemaOptions {
  readonly additions: Additions
  /** Whether the API server applies defaults. Below components it never does. */
  readonly defaults: boolean
}

/**
 * The structural schema of a zod schema. Fails on everything that it does not understand: what is left
 * out in silence is found by users.
 */
export function structuralSchema(schema: z.ZodType, options: CrdSchemaOptions): StructuralSchema {
  const converter = new Converter(options)
  const result = converter.convert(jsonSchemaOf(schema), '')
  converter.refuseUnused()
  return result
}

/** Keywords that some part of the conversion reads. */
const UNDERSTOOD = new Set(
  `type properties required additionalProperties items enum default pattern minLength maxLength minItems maxItems
   maxProperties minimum maximum exclusiveMinimum title description anyOf oneOf x-bounds x-refined x-keys`.split(
    /\s+/,
  ),
)

/** Long enough for every size and duration. */
const AMOUNT_LENGTH_MAX = 32

class Converter {
  readonly #options: CrdSchemaOptions
  readonly #unused: Set<string>

  constructor(options: CrdSchemaOptions) {
    this.#options = options
    this.#unused = new Set(Object.keys(options.additions))
  }

  refuseUnused(): void {
    if (this.#unused.size > 0)
      throw new TypeError(`there is no such place in the schema: ${[...this.#unused].join(', ')}`)
  }

  convert(json: JsonSchema, place: string): StructuralSchema {
    for (const keyword of Object.keys(json))
      if (!UNDERSTOOD.has(keyword)) fail(place, `the keyword ${keyword} is not understood`)
    const addition = this.#additionFor(json, place)
    const rules = [...this.#rulesOf(json, place), ...(addition.rules ?? [])]
    return {
      ...describe(json, place),
      ...this.#typed(json, place, addition),
      ...(this.#options.defaults && json.default !== undefined && { default: json.default }),
      ...(rules.length > 0 && { 'x-kubernetes-validations': rules }),
    }
  }

  #additionFor(json: JsonSchema, place: string): Addition {
    const addition = this.#options.additions[place]
    this.#unused.delete(place)
    if (isRefined(json) && addition?.rules === undefined && addition?.agentOnly === undefined)
      if (addition?.key === undefined) fail(place, 'nothing stands for what a function checks')
    return addition ?? {}
  }

  /** Rules that follow from the schema itself. */
  #rulesOf(json: JsonSchema, place: string): ValidationRule[] {
    const rules: ValidationRule[] = []
    if (json.oneOf !== undefined) rules.push(oneOfRule(json))
    if (isForm(json.title) && writtenPattern(json) !== undefined) {
      if (writtenPattern(json) !== patternOf(json.title)) fail(place, `it is no ${json.title}`)
      rules.push(formRule(json.title), ...boundsRules(json.title, boundsOf(json)))
    }
    if (json[KEYS] !== undefined) rules.push(...keyRules(json[KEYS] as JsonSchema, place))
    return rules
  }

  #typed(json: JsonSchema, place: string, addition: Addition): StructuralSchema {
    if (json.anyOf !== undefined) return intOrString(json, place)
    switch (json.type) {
      case 'object':
        return this.#object(json, place)
      case 'array':
        return this.#array(json, place, addition)
      case 'string':
        return string(json, place)
      case 'integer':
      case 'number':
        return number(json)
      case 'boolean':
        return { type: 'boolean' }
      case 'null':
      case undefined:
      default:
        return fail(place, `the type ${String(json.type)} is not understood`)
    }
  }

  #object(json: JsonSchema, place: string): StructuralSchema {
    const { properties, additionalProperties: others } = json
    const isOpen = isAnything(others)
    if (properties === undefined && typeof others === 'object' && !isOpen) {
      if (json['maxProperties'] === undefined) fail(place, 'a map needs a bound')
      return {
        type: 'object',
        maxProperties: json['maxProperties'],
        additionalProperties: this.convert(others, `${place}{}`),
      }
    }
    if (others !== false && !isOpen) fail(place, 'an object says whether it takes other keys')
    return {
      type: 'object',
      ...(isOpen && { 'x-kubernetes-preserve-unknown-fields': true as const }),
      ...(properties !== undefined && {
        properties: Object.fromEntries(
          Object.entries(properties).map(([key, each]) => [
            key,
            this.convert(each as JsonSchema, place === '' ? key : `${place}.${key}`),
          ]),
        ),
      }),
      ...(json.required !== undefined && { required: json.required }),
    }
  }

  #array(json: JsonSchema, place: string, addition: Addition): StructuralSchema {
    if (json.maxItems === undefined) fail(place, 'a list needs a bound')
    const items = this.convert(json.items as JsonSchema, `${place}[]`)
    const key = addition.key ?? (items.required?.includes('name') === true ? 'name' : undefined)
    return {
      type: 'array',
      ...(json.minItems !== undefined && { minItems: json.minItems }),
      maxItems: json.maxItems,
      ...(key !== undefined
        ? { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] }
        : { 'x-kubernetes-list-type': addition.set === true ? 'set' : 'atomic' }),
      items,
    }
  }
}

function fail(place: string, problem: string): never {
  throw new TypeError(`${place === '' ? 'spec' : place}: ${problem}`)
}

/** What zod makes of a value that may be anything. */
function isAnything(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && Object.keys(schema).length === 0
}

function describe(json: JsonSchema, place: string): StructuralSchema {
  const { description, minimum, maximum } = withoutWidest(json)
  if (description === undefined) return {}
  const facts = {
    ...(isForm(json.title) && { form: json.title }),
    ...(minimum !== undefined && { min: String(minimum) }),
    ...(maximum !== undefined && { max: String(maximum) }),
    ...boundsOf(json),
    default: json.default,
  }
  try {
    return { description: crdDescription(description, facts) }
  } catch (error) {
    return fail(place, (error as Error).message)
  }
}

function boundsOf(json: JsonSchema): WrittenBounds {
  return json['x-bounds'] ?? {}
}

/** The pattern of a text, also of one that may be a number too. */
function writtenPattern(json: JsonSchema): string | undefined {
  return json.pattern ?? json.anyOf?.[1]?.pattern
}

/** Without the bounds that every whole number of JavaScript has. */
function withoutWidest(json: JsonSchema): JsonSchema {
  const { minimum, maximum, ...others } = json
  return {
    ...others,
    ...(minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER && { minimum }),
    ...(maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER && { maximum }),
  }
}

function number(json: JsonSchema): StructuralSchema {
  const { minimum, maximum } = withoutWidest(json)
  return {
    type: json.type as 'integer' | 'number',
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
    // OpenAPI 3.0 has a boolean here, and JSON Schema, whose types these are, a number.
    ...(json.exclusiveMinimum !== undefined && { exclusiveMinimum: true }),
  }
}

function string(json: JsonSchema, place: string): StructuralSchema {
  if (json.enum !== undefined) return { type: 'string', enum: json.enum }
  const maxLength =
    json.maxLength ?? (json['x-bounds'] === undefined ? undefined : AMOUNT_LENGTH_MAX)
  if (maxLength === undefined) fail(place, 'a text needs a bound')
  return {
    type: 'string',
    ...(json.minLength !== undefined && { minLength: json.minLength }),
    maxLength,
    // That of a form is a rule, which says what is expected.
    ...(json.pattern !== undefined && !isForm(json.title) && { pattern: re2(json.pattern, place) }),
  }
}

/** Repeats that the expressions of the API server allow. */
const REPEATS_MAX = 1000

/** A pattern as the API server understands it, which knows no lookaround and no backreference. */
function re2(pattern: string, place: string): string {
  const repeats = [...pattern.matchAll(/\{(?:\d*,)?(\d+)\}/g)].map((match) => Number(match[1]))
  if (/\(\?(?!:)|\\[1-9k]/.test(pattern) || repeats.some((count) => count > REPEATS_MAX))
    fail(place, `the API server does not understand the pattern ${pattern}`)
  // JavaScript escapes the slash, which is the end of an expression only there.
  return pattern.replaceAll('\\/', '/')
}

/** The only union there can be. */
function intOrString(json: JsonSchema, place: string): StructuralSchema {
  const [whole, written, ...more] = json.anyOf as [JsonSchema?, JsonSchema?, ...JsonSchema[]]
  const isBoth = whole?.type === 'integer' && written?.type === 'string' && more.length === 0
  if (!isBoth || !isForm(json.title))
    return fail(place, 'a union can only be of a whole number and a text with a form')
  return {
    'x-kubernetes-int-or-string': true,
    maxLength: written.maxLength ?? AMOUNT_LENGTH_MAX,
  }
}

/** Exactly one of the types of a component. */
function oneOfRule(json: JsonSchema): ValidationRule {
  const types = (json.oneOf as JsonSchema[]).map((each) => each.required![0]!)
  const cure = `set exactly one type (write "${types[0]}: {}", not "${types[0]}:", for one without settings)`
  const isNamed = json.required?.includes('name') === true
  return {
    rule: `[${types.map((type) => `has(${field(type)})`).join(', ')}].exists_one(x, x)`,
    message: cure,
    ...(isNamed && { messageExpression: `'"' + self.name + '": ${cure}'` }),
  }
}

/** What a map demands of its keys. */
function keyRules(keys: JsonSchema, place: string): ValidationRule[] {
  const { minLength, maxLength, pattern, ...others } = keys
  if (Object.keys(others).length > 0)
    fail(place, `of keys, ${Object.keys(others).join(', ')} is not understood`)
  const conditions = [
    ...(minLength === undefined ? [] : [`size(k) >= ${minLength}`]),
    ...(maxLength === undefined ? [] : [`size(k) <= ${maxLength}`]),
    ...(pattern === undefined ? [] : [`k.matches(${text(re2(pattern, place))})`]),
  ]
  const lengths = [
    ...(minLength === undefined ? [] : [`at least ${minLength}`]),
    ...(maxLength === undefined ? [] : [`at most ${maxLength}`]),
  ]
  const form = pattern === undefined ? '' : ` of the form ${re2(pattern, place)}`
  const message = `expected keys of ${lengths.join(' and ')} characters${form}`
  return [{ rule: `self.all(k, ${conditions.join(' && ')})`, message }]
}
