import { AGENT_CONDITIONS, FLOW_CONDITIONS } from './conditions.ts'
import type { ConditionType } from './conditions.ts'
import type { StructuralSchema } from './structural.ts'

const count = (description: string): StructuralSchema => ({
  description,
  type: 'integer',
  format: 'int32',
  minimum: 0,
})

const amount = (description: string): StructuralSchema => ({
  description,
  type: 'integer',
  format: 'int64',
  minimum: 0,
})

const text = (description: string, maxLength: number): StructuralSchema => ({
  description,
  type: 'string',
  maxLength,
})

const time = (description: string): StructuralSchema => ({
  description,
  type: 'string',
  format: 'date-time',
})

const observedGeneration = amount('Generation of the specification that this status is of.')

/** As all of Kubernetes has them. */
function conditions(types: Partial<Record<ConditionType, string>>): StructuralSchema {
  return {
    description: `What is the case: ${Object.keys(types).join(', ')}.`,
    type: 'array',
    maxItems: 16,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
    items: {
      type: 'object',
      required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
      properties: {
        type: {
          ...text('What it is about.', 316),
          pattern:
            '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
        },
        status: {
          description: 'Whether it is the case.',
          type: 'string',
          enum: ['True', 'False', 'Unknown'],
        },
        reason: {
          ...text('Why, in a word.', 1024),
          minLength: 1,
          pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
        },
        message: text('What it is about, and what to do.', 32_768),
        lastTransitionTime: time('When the status of the condition changed last.'),
        observedGeneration,
      },
    },
  }
}

const backlog: StructuralSchema = {
  description: 'What waits in the channels, rounded. The exact numbers are metrics.',
  type: 'object',
  required: ['events', 'bytes'],
  properties: {
    events: amount('Events that were taken in and are not delivered yet.'),
    bytes: amount('Bytes of those.'),
    oldestEventTime: time('When the oldest of them was taken in.'),
  },
}

export const AGENT_STATUS: StructuralSchema = {
  description: 'What the operator saw last.',
  type: 'object',
  properties: {
    observedGeneration,
    conditions: conditions(AGENT_CONDITIONS),
    replicas: count('Pods that there are.'),
    readyReplicas: count('Pods that can serve.'),
    updatedReplicas: count('Pods that are as the specification says.'),
    selector: text('Selects the pods, for autoscalers.', 1024),
    flows: count('Flows that the pool runs.'),
    image: text('Image that the pods are to run.', 512),
    backlog,
  },
}

export const FLOW_STATUS: StructuralSchema = {
  description: 'What the operator saw last.',
  type: 'object',
  properties: {
    observedGeneration,
    conditions: conditions(FLOW_CONDITIONS),
    agent: text('FlumeAgent whose replicas run the flow.', 63),
    replicas: {
      description: 'Replicas of that agent.',
      type: 'object',
      required: ['total', 'programmed'],
      properties: {
        total: count('Those that there are to be.'),
        programmed: count('Those that run the newest version of the flow.'),
      },
    },
    backlog,
  },
}
