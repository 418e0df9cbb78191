import { z } from 'zod'

export type JsonSchema = z.core.JSONSchema.JSONSchema

/** Marks of our own in the JSON Schema of a zod schema. */
export const REFINED = 'x-refined'
export const KEYS = 'x-keys'

/** How many checks by functions are behind these titles and keywords: they say what those check. */
const CHECKED_BY = { title: 1, maxProperties: 1 } as const

/**
 * The JSON Schema of what users write. What zod would leave out without a word is in it as a mark or is an
 * error: checks by functions, the keys of maps, flags of regular expressions.
 */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    override: ({ zodSchema, jsonSchema, path }) => {
      const checks = (zodSchema._zod.def.checks ?? []).map((check) => check._zod.def)
      for (const check of checks) refuseFlags(check, path)
      const { type } = zodSchema._zod.def
      if ((type === 'default' || type === 'prefault') && jsonSchema.default === undefined)
        throw new TypeError(
          `${placeOf(path)}: the default would be lost: give it before what converts it`,
        )
      const functions = checks.filter((check) => check.check === 'custom').length
      if (functions > 0) jsonSchema[REFINED] = functions
      const keys = keysOf(zodSchema)
      if (keys !== undefined) jsonSchema[KEYS] = keys
    },
  })
}

/** Whether functions check what no keyword of the schema says. */
export function isRefined(schema: JsonSchema): boolean {
  const functions = (schema[REFINED] as number | undefined) ?? 0
  const said =
    schema['x-bounds'] !== undefined
      ? CHECKED_BY.title
      : schema['maxProperties'] !== undefined
        ? CHECKED_BY.maxProperties
        : 0
  return functions > said
}

/** What a map demands of its keys; undefined for one that takes any. */
function keysOf(schema: z.core.$ZodType): JsonSchema | undefined {
  const { def } = schema._zod as {
    readonly def: { readonly type: string; readonly keyType?: unknown }
  }
  if (def.type !== 'record') return undefined
  const { type: _, ...keys } = jsonSchemaOf(def.keyType as z.ZodType)
  return Object.keys(keys).length === 0 ? undefined : keys
}

function refuseFlags(check: object, path: readonly PropertyKey[]): void {
  const { pattern } = check as { readonly pattern?: unknown }
  if (pattern instanceof RegExp && pattern.flags !== '')
    throw new TypeError(`${placeOf(path)}: the flags of ${pattern} would be lost`)
}

/** `properties.a.items` → `a[]` */
function placeOf(path: readonly PropertyKey[]): string {
  return path
    .join('.')
    .replaceAll(/(^|\.)properties\./g, '$1')
    .replaceAll('.items', '[]')
}
