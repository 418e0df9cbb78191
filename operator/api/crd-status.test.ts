import { expect, test } from 'vitest'
import { AGENT_CONDITIONS, FLOW_CONDITIONS } from './conditions.ts'
import { AGENT_STATUS, FLOW_STATUS } from './crd-status.ts'
import type { FlumeAgentStatus, FlumeFlowStatus } from './types.ts'

const keys = (schema: { readonly properties?: object }): string[] =>
  Object.keys(schema.properties!).sort()

test('the status of an agent has the fields of its type', () => {
  const all: Required<FlumeAgentStatus> = {
    observedGeneration: 1,
    conditions: [],
    replicas: 1,
    readyReplicas: 1,
    updatedReplicas: 1,
    selector: '',
    flows: 1,
    image: '',
    backlog: { events: 0, bytes: 0 },
  }
  expect(keys(AGENT_STATUS)).toEqual(Object.keys(all).sort())
})

test('that of a flow too', () => {
  const all: Required<FlumeFlowStatus> = {
    observedGeneration: 1,
    conditions: [],
    agent: '',
    replicas: { total: 1, programmed: 1 },
    backlog: { events: 0, bytes: 0, oldestEventTime: '' },
  }
  expect(keys(FLOW_STATUS)).toEqual(Object.keys(all).sort())
  expect(keys(FLOW_STATUS.properties!['replicas']!)).toEqual(Object.keys(all.replicas).sort())
  expect(keys(FLOW_STATUS.properties!['backlog']!)).toEqual(Object.keys(all.backlog).sort())
})

test('conditions are said by name', () => {
  for (const [schema, conditions] of [
    [AGENT_STATUS, AGENT_CONDITIONS],
    [FLOW_STATUS, FLOW_CONDITIONS],
  ] as const)
    for (const type of Object.keys(conditions))
      expect(schema.properties!['conditions']!.description).toContain(type)
})
