import { load } from 'js-yaml'
import { CHANNELS, INTERCEPTORS, SINKS, SINK_GROUPS, SOURCES } from '../../agent/config/entries.ts'
import { exampleManifest } from '../../agent/config/example.ts'
import type { WrittenBounds } from '../../agent/core/schema.ts'
import { boundsText } from '../../agent/core/schema.ts'
import { jsonSchemaOf } from '../../operator/api/zod-schema.ts'
import type { JsonSchema } from '../../operator/api/zod-schema.ts'

/** A size or duration of a component with values around its bounds. */
export interface BoundsCase {
  readonly place: string
  /** Specifications of flows; undefined where there is no such bound. */
  readonly below: unknown
  readonly above: unknown
  readonly within: unknown
  readonly message: string
}

const KINDS = {
  sources: SOURCES,
  interceptors: INTERCEPTORS,
  channels: CHANNELS,
  sinks: SINKS,
  sinkGroups: SINK_GROUPS,
} as const

type Kind = keyof typeof KINDS

/** Of every field with such bounds in the catalog. */
export function boundsCases(): BoundsCase[] {
  return (Object.keys(KINDS) as Kind[]).flatMap((kind) =>
    Object.entries(KINDS[kind]).flatMap(([type, { schema }]) =>
      Object.entries(jsonSchemaOf(schema).properties ?? {}).flatMap(([name, each]) =>
        caseOf(kind, type, name, each as JsonSchema),
      ),
    ),
  )
}

function caseOf(kind: Kind, type: string, name: string, json: JsonSchema): BoundsCase[] {
  const { min, max } = (json['x-bounds'] ?? {}) as WrittenBounds
  const hasMin = min !== undefined && min !== '0'
  if (!hasMin && max === undefined) return []
  const isSize = json.title === 'size'
  const flow = (value: unknown): unknown => withField(kind, type, name, value)
  return [
    {
      place: `${kind}.${type}.${name}`,
      below: hasMin ? flow(isSize ? 0 : '0.5ms') : undefined,
      above: max === undefined ? undefined : flow(isSize ? '1Ti' : '366d'),
      within: flow(json.default ?? min),
      message: boundsText({ ...(min !== undefined && { min }), ...(max !== undefined && { max }) }),
    },
  ]
}

/** The example of a component with one field set. */
function withField(kind: Kind, type: string, name: string, value: unknown): unknown {
  const [document] = exampleManifest(kind, type).split('---\n')
  const { spec } = load(document!) as { spec: Record<string, Record<string, unknown>[]> }
  const [item] =
    kind === 'interceptors'
      ? (spec['sources']![0]!['interceptors'] as (typeof spec)[string])
      : spec[kind]!
  Object.assign(item![type] as object, { [name]: value })
  return spec
}
