import { z } from 'zod'
import { catalog } from '../catalog.ts'
import type { CatalogKind } from '../catalog.ts'
import { componentName } from '../core/schema.ts'
import { agentSpecSchema } from './agent-schema.ts'
import { serviceSchema } from './service-schema.ts'

/*
 * The manifests, assembled from the schemas of the components. Everything here is what users write:
 * from these come the check, the JSON Schemas for editors and the reference.
 */

export const API_GROUP = 'flume-operator.io'
export const API_VERSION = `${API_GROUP}/v1alpha1`

/** Bound of every list of components in a flow. */
export const COMPONENTS_MAX = 32

/** The keys that say what a component is: exactly one of them stands in each. */
export function typesOf(kind: CatalogKind): string[] {
  return Object.keys(catalog[kind])
}

/** A component: one key of the catalog, with its configuration, beside the `common` keys. */
function component(kind: CatalogKind, common: Readonly<Record<string, z.ZodType>>) {
  const types: Record<string, z.ZodType> = {}
  for (const [type, entry] of Object.entries(catalog[kind]))
    types[type] = entry.schema.optional().describe(entry.summary)
  return z
    .strictObject({ ...common, ...types })
    .meta({ oneOf: typesOf(kind).map((type) => ({ required: [type] })) })
}

const name = (what: string) => componentName.describe(`Name of the ${what}, unique in the flow.`)

const sourceSchema = component('sources', {
  name: name('source'),
  channels: z
    .array(componentName)
    .min(1)
    .max(COMPONENTS_MAX)
    .optional()
    .describe('Channels the source feeds. Omitted: all channels of the flow.'),
  interceptors: z
    .array(component('interceptors', {}))
    .max(COMPONENTS_MAX)
    .optional()
    .describe('What happens to the events, in this order, before they go to the channels.'),
  selector: component('selectors', {})
    .optional()
    .describe('Which channels an event goes to. Omitted: all that the source feeds.'),
  service: serviceSchema
    .optional()
    .describe(
      'The Service by which a source that listens is reached. Every one that listens has one; this says how it differs. Not read by `run` and `up`.',
    ),
})

const channelSchema = component('channels', { name: name('channel') })

const sinkSchema = component('sinks', {
  name: name('sink'),
  channel: componentName
    .optional()
    .describe('Channel the sink drains. May be omitted where the flow has only one.'),
})

const sinkGroupSchema = component('sinkGroups', {
  name: name('sink group'),
  sinks: z
    .array(componentName)
    .min(1)
    .max(COMPONENTS_MAX)
    .describe('Sinks of the group, all of one channel. A sink is in at most one group.'),
})

const labels = z.record(z.string().min(1), z.string())

const metadata = (what: string) =>
  z.strictObject({
    name: componentName.describe(
      `Name of the ${what}; also of its directory below the data directory.`,
    ),
    namespace: z.string().optional().describe('Kubernetes namespace. Not read by the agent.'),
    labels: labels.optional().describe('Kubernetes labels. Not read by the agent.'),
    annotations: labels.optional().describe('Kubernetes annotations. Not read by the agent.'),
  })

const flumeFlowSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('FlumeFlow'),
    metadata: metadata('flow'),
    spec: z.strictObject({
      agentRef: z
        .strictObject({ name: componentName.describe('Name of the FlumeAgent.') })
        .optional()
        .describe('The agent that runs the flow. Omitted: one of its own, named after the flow.'),
      sources: z.array(sourceSchema).min(1).max(COMPONENTS_MAX).describe('Where events come from.'),
      channels: z
        .array(channelSchema)
        .min(1)
        .max(COMPONENTS_MAX)
        .optional()
        .describe(
          'Where events wait. Omitted: one file channel with the name `default` and default settings.',
        ),
      sinks: z.array(sinkSchema).min(1).max(COMPONENTS_MAX).describe('Where events go.'),
      sinkGroups: z
        .array(sinkGroupSchema)
        .max(COMPONENTS_MAX)
        .optional()
        .describe(
          'Sinks that stand in for each other or share the load. A sink in no group is tried again by itself.',
        ),
      deadLetterChannel: componentName
        .optional()
        .describe(
          'Channel for events that a component gives up on. Sources without `channels` do not feed it. Omitted: a sink tries such events again and again.',
        ),
    }),
  })
  .meta({ title: 'FlumeFlow', description: 'Sources, channels and sinks that belong together.' })

const flumeAgentSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('FlumeAgent'),
    metadata: metadata('agent'),
    spec: agentSpecSchema.optional().describe('Omitted: one agent with default settings.'),
  })
  .meta({
    title: 'FlumeAgent',
    description: 'A pool of agents that are alike. Flows refer to it by name.',
  })

export const KIND_SCHEMAS = { FlumeFlow: flumeFlowSchema, FlumeAgent: flumeAgentSchema }

export type ManifestKind = keyof typeof KIND_SCHEMAS
