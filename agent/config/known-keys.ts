import { z } from 'zod'
import type { Path } from './node.ts'

type JsonSchema = z.core.JSONSchema.JSONSchema

/** The keys that `schema` allows at `path`, in the order of the schema; none where any key is. */
export function knownKeys(schema: z.ZodType, path: Path): string[] {
  let schemas: JsonSchema[] = [z.toJSONSchema(schema, { io: 'input' })]
  for (const step of path) schemas = schemas.flatMap(alternatives).flatMap((each) => at(each, step))
  return [
    ...new Set(schemas.flatMap(alternatives).flatMap((each) => Object.keys(each.properties ?? {}))),
  ]
}

function at(schema: JsonSchema, step: string | number): JsonSchema[] {
  const properties = schema.properties ?? {}
  const child =
    typeof step === 'number'
      ? schema.items
      : Object.hasOwn(properties, step)
        ? properties[step]
        : schema.additionalProperties
  return typeof child === 'object' && !Array.isArray(child) ? [child] : []
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  return [schema, ...(schema.anyOf ?? [])]
}
