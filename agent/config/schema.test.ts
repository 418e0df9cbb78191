import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { catalog } from '../catalog.ts'
import { API_VERSION, COMPONENTS_MAX, KIND_SCHEMAS, typesOf } from './schema.ts'

type JsonSchema = z.core.JSONSchema.JSONSchema

const schemas = Object.entries(KIND_SCHEMAS).map(
  ([kind, schema]) => [kind, z.toJSONSchema(schema, { io: 'input' })] as const,
)

/** Every schema within a schema, with its place. */
function* parts(schema: JsonSchema, place: string): Generator<[string, JsonSchema]> {
  yield [place, schema]
  for (const [key, each] of Object.entries(schema.properties ?? {}))
    yield* parts(each as JsonSchema, `${place}.${key}`)
  if (typeof schema.items === 'object') yield* parts(schema.items as JsonSchema, `${place}[]`)
  for (const each of schema.anyOf ?? []) yield* parts(each, place)
}

describe.each(schemas)('the JSON Schema of %s', (kind, json) => {
  it('refuses unknown keys everywhere', () => {
    const open = [...parts(json, kind)]
      .filter(([, part]) => part.type === 'object' && part.additionalProperties === undefined)
      .map(([place]) => place)
    expect(open).toEqual([])
  })

  it('describes every key but the four that every manifest of Kubernetes has', () => {
    const silent = [...parts(json, kind)].flatMap(([place, part]) =>
      Object.entries(part.properties ?? {})
        .filter(([, each]) => (each as JsonSchema).description === undefined)
        .map(([key]) => `${place}.${key}`),
    )
    expect(silent.filter((place) => place.split('.').length > 2)).toEqual([])
  })
})

describe('the schema of a flow', () => {
  const flow = schemas.find(([kind]) => kind === 'FlumeFlow')![1]
  const spec = flow.properties!['spec'] as JsonSchema
  const sink = (spec.properties!['sinks'] as JsonSchema).items as JsonSchema

  it('wants exactly one type in each component', () => {
    expect(sink.oneOf).toEqual(typesOf('sinks').map((type) => ({ required: [type] })))
    expect(Object.keys(sink.properties!)).toEqual(['name', 'channel', ...typesOf('sinks')])
  })

  it('has the defaults in the form users write, and bounds on the lists', () => {
    const file = sink.properties!['file'] as JsonSchema
    expect(file.description).toBe(catalog.sinks.file.summary)
    expect(file.properties!['rollSize']).toMatchObject({ default: '128Mi', title: 'size' })
    expect(spec.properties!['sinks']).toMatchObject({ minItems: 1, maxItems: COMPONENTS_MAX })
    expect(flow.properties!['apiVersion']).toMatchObject({ const: API_VERSION })
  })
})
