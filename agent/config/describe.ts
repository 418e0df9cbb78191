import { z } from 'zod'
import { catalog } from '../catalog.ts'
import type { WrittenBounds } from '../core/schema.ts'
import { exampleManifest } from './example.ts'

/** The kinds that stand in manifests, each with the word for one of them. */
const KIND_WORDS = {
  sources: 'source',
  interceptors: 'interceptor',
  selectors: 'selector',
  channels: 'channel',
  sinks: 'sink',
  sinkGroups: 'sink group',
} as const

type ComponentKind = keyof typeof KIND_WORDS

/** `sink-group`: the kind in paths and on the command line. */
export function kindKey(kind: string): string {
  return kind.replaceAll(' ', '-')
}

/** What users need to know of a component; plain data for `--output json`. */
export interface ComponentDescription {
  /** `source`, `sink group`, … */
  readonly kind: string
  /** The key in manifests. */
  readonly type: string
  readonly summary: string
  readonly fields: readonly FieldDescription[]
  /** A whole manifest that runs as it is. */
  readonly example: string
}

export interface FieldDescription {
  /** `groups[].name` */
  readonly name: string
  readonly type: string
  readonly required: boolean
  /** undefined: none. */
  readonly default?: unknown
  readonly description: string
}

type JsonSchema = z.core.JSONSchema.JSONSchema

/** All components, in the order of the catalog. */
export function describeComponents(): ComponentDescription[] {
  return (Object.keys(KIND_WORDS) as ComponentKind[]).flatMap((kind) =>
    Object.entries(catalog[kind]).map(([type, entry]) => ({
      kind: KIND_WORDS[kind],
      type,
      summary: entry.summary,
      fields: describeFields(z.toJSONSchema(entry.schema, { io: 'input' })),
      example: exampleManifest(kind, type),
    })),
  )
}

/** The fields of a mapping, those of nested ones behind it. `skip` leaves out a field by its name. */
export function describeFields(
  schema: JsonSchema,
  skip: (name: string) => boolean = () => false,
  prefix = '',
): FieldDescription[] {
  const fields: FieldDescription[] = []
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const name = `${prefix}${key}`
    if (typeof property === 'boolean' || skip(name)) continue
    fields.push({
      name,
      type: typeText(property),
      required: schema.required?.includes(key) ?? false,
      ...(property.default === undefined ? {} : { default: property.default }),
      description: property.description ?? '',
    })
    fields.push(...nested(name, property, skip))
  }
  return fields
}

function nested(name: string, property: JsonSchema, skip: (name: string) => boolean) {
  if (property.properties !== undefined) return describeFields(property, skip, `${name}.`)
  const items = property.items
  if (typeof items === 'object' && !Array.isArray(items))
    return describeFields(items, skip, `${name}[].`)
  return []
}

function typeText(schema: JsonSchema): string {
  if (schema.title !== undefined)
    return [schema.title, ...rangeTexts(schema['x-bounds'] ?? {})].join(', ')
  if (schema.const !== undefined) return String(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(String).join(' or ')
  if (schema.type === 'array') return `list of ${itemText(schema.items)}`
  if (schema.type === 'object')
    return schema.properties === undefined && typeof schema.additionalProperties === 'object'
      ? 'texts by name'
      : 'mapping'
  if (schema.type === 'boolean') return 'true or false'
  if (schema.type === 'string') return 'text'
  const number = schema.type === 'integer' ? 'whole number' : 'number'
  const { minimum, maximum } = schema
  return [
    number,
    ...rangeTexts({
      ...(minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER && { min: `${minimum}` }),
      ...(maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER && { max: `${maximum}` }),
    }),
  ].join(', ')
}

function rangeTexts({ min, max }: WrittenBounds): string[] {
  return [
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
  ]
}

function itemText(items: JsonSchema['items']): string {
  if (typeof items !== 'object' || Array.isArray(items)) return 'values'
  const text = typeText(items)
  return text === 'text' || text === 'mapping' ? `${text}s` : text
}

/** `null` and `''` are defaults that a reader must be able to see. */
export function defaultText(field: FieldDescription): string {
  return typeof field.default === 'string' && field.default !== ''
    ? field.default
    : JSON.stringify(field.default)
}
