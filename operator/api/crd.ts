import type { z } from 'zod'
import { KIND_SCHEMAS } from '../../agent/config/schema.ts'
import { agentSpecSchema } from '../../agent/config/agent-schema.ts'
import { ANNOTATIONS, DEFINITIONS_REVISION, FLUME_AGENTS, FLUME_FLOWS } from './constants.ts'
import { AGENT_ADDITIONS } from './crd-agent-rules.ts'
import { crdDescription } from './crd-description.ts'
import { FLOW_ADDITIONS, NAME_RULE, OWN_HOP_RULE } from './crd-flow-rules.ts'
import { structuralSchema } from './crd-schema.ts'
import { AGENT_STATUS, FLOW_STATUS } from './crd-status.ts'
import type { StructuralSchema, ValidationRule } from './structural.ts'

export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date'
  readonly jsonPath: string
  readonly description: string
}

/** A CustomResourceDefinition, as far as ours use it. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: {
    readonly name: string
    readonly annotations: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly group: string
    readonly scope: 'Namespaced'
    readonly names: {
      readonly plural: string
      readonly singular: string
      readonly kind: string
      readonly shortNames: readonly string[]
      readonly categories: readonly string[]
    }
    readonly versions: readonly [CrdVersion]
  }
}

interface CrdVersion {
  readonly name: string
  readonly served: true
  readonly storage: true
  readonly additionalPrinterColumns: readonly PrinterColumn[]
  readonly subresources: { readonly status: object; readonly scale?: object }
  readonly schema: { readonly openAPIV3Schema: StructuralSchema }
}

/** Both kinds, generated from the schemas that the agent checks manifests with. */
export function customResourceDefinitions(): CustomResourceDefinition[] {
  return [agentCrd(), flowCrd()]
}

function agentCrd(): CustomResourceDefinition {
  const spec = structuralSchema(agentSpecSchema, { additions: AGENT_ADDITIONS, defaults: true })
  return definition(FLUME_AGENTS, {
    shortName: 'fa',
    // Else the defaults of the fields would not reach an object without a spec.
    spec: { ...spec, default: agentSpecSchema.parse({}), description: 'What the pool is to be.' },
    status: AGENT_STATUS,
    rules: [NAME_RULE],
    required: [],
    columns: [
      ready,
      column('Replicas', 'integer', '.spec.replicas', 'Agents that there are to be.'),
      column('Ready-Replicas', 'integer', '.status.readyReplicas', 'Agents that can serve.'),
      column('Flows', 'integer', '.status.flows', 'Flows that the agents run.'),
      ...backlogColumns,
    ],
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  })
}

function flowCrd(): CustomResourceDefinition {
  const { spec } = KIND_SCHEMAS.FlumeFlow.shape
  return definition(FLUME_FLOWS, {
    shortName: 'ff',
    spec: {
      ...structuralSchema(spec, { additions: FLOW_ADDITIONS, defaults: false }),
      description: 'Where events come from, where they wait and where they go.',
    },
    status: FLOW_STATUS,
    rules: [NAME_RULE, OWN_HOP_RULE],
    required: ['spec'],
    columns: [
      column('Agent', 'string', '.status.agent', 'FlumeAgent that runs the flow.'),
      conditionColumn('Accepted'),
      conditionColumn('Programmed'),
      ready,
      ...backlogColumns,
    ],
  })
}

const column = (
  name: string,
  type: PrinterColumn['type'],
  jsonPath: string,
  description: string,
): PrinterColumn => ({ name, type, jsonPath, description })

const conditionColumn = (type: string): PrinterColumn =>
  column(type, 'string', `.status.conditions[?(@.type=="${type}")].status`, `Condition ${type}.`)

const ready = conditionColumn('Ready')

const backlogColumns: readonly PrinterColumn[] = [
  column('Backlog', 'integer', '.status.backlog.events', 'Events that wait.'),
  column('Oldest', 'date', '.status.backlog.oldestEventTime', 'Age of the oldest of them.'),
  column('Age', 'date', '.metadata.creationTimestamp', 'Age of the object.'),
]

interface Parts {
  readonly shortName: string
  readonly spec: StructuralSchema
  readonly status: StructuralSchema
  /** Of the whole object. */
  readonly rules: readonly ValidationRule[]
  readonly required: readonly string[]
  readonly columns: readonly PrinterColumn[]
  readonly scale?: object
}

function definition(
  { group, version, plural, kind }: typeof FLUME_AGENTS | typeof FLUME_FLOWS,
  { shortName, spec, status, rules, required, columns, scale }: Parts,
): CustomResourceDefinition {
  const root: StructuralSchema = {
    description: crdDescription(descriptionOf(KIND_SCHEMAS[kind]), {}),
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec,
      status,
    },
    'x-kubernetes-validations': rules,
  }
  const names = {
    plural,
    singular: kind.toLowerCase(),
    kind,
    shortNames: [shortName],
    categories: ['flume'],
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      annotations: { [ANNOTATIONS.revision]: String(DEFINITIONS_REVISION) },
    },
    spec: {
      group,
      scope: 'Namespaced',
      names,
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          subresources: { status: {}, ...(scale !== undefined && { scale }) },
          schema: { openAPIV3Schema: root },
        },
      ],
    },
  }
}

function descriptionOf(schema: z.ZodType): string {
  return schema.description!
}
