import { expect, test } from 'vitest'
import type { FlowPlan } from '../core/plan.ts'
import { configurationHash } from './configuration-hash.ts'

const flow = (name: string, hash: string): FlowPlan => ({
  name,
  hash,
  sources: [],
  channels: [],
  sinks: [],
  sinkGroups: [],
})

test('the hash follows the flows and their names', () => {
  const hashes = [
    { name: 'hub', flows: [] },
    { name: 'other', flows: [] },
    { name: 'hub', flows: [flow('web', '1')] },
    { name: 'hub', flows: [flow('web', '2')] },
    { name: 'hub', flows: [flow('web', '1'), flow('db', '1')] },
  ].map(configurationHash)
  expect(new Set(hashes).size).toBe(5)
  expect(configurationHash({ name: 'hub', flows: [flow('web', '1')] })).toBe(hashes[2])
})
