import { expect, test } from 'vitest'
import { agentStatus } from '../../test/cli/status.ts'
import type { AgentPlan } from '../core/plan.ts'
import { HeldFlows } from './held-flows.ts'

const plan = (...flows: readonly (readonly [string, string])[]): AgentPlan => ({
  name: 'hub',
  flows: flows.map(([name, hash]) => ({
    name,
    hash,
    sources: [],
    channels: [],
    sinks: [],
    sinkGroups: [],
  })),
})
const names = (filtered: AgentPlan): string[] => filtered.flows.map(({ name }) => name)

test('a suspect is left out until its configuration changes', () => {
  const held = new HeldFlows(plan(['web', '1'], ['db', '1']), new Set(['web', 'gone']))
  expect(held.names).toEqual(['web'])
  expect(names(held.filter(plan(['web', '1'], ['db', '2'])))).toEqual(['db'])
  expect(names(held.filter(plan(['web', '2'], ['db', '2'])))).toEqual(['web', 'db'])
  expect(held.names).toEqual([])
})

test('one that left the configuration is no longer held', () => {
  const held = new HeldFlows(plan(['web', '1']), new Set(['web']))
  held.filter(plan())
  expect(names(held.filter(plan(['web', '1'])))).toEqual(['web'])
})

test('the status shows it as failing, with the backlog of its channels', () => {
  const current = plan(['web', '1'])
  const held = new HeldFlows(current, new Set(['web']))
  const { flows } = held.addTo(agentStatus({ state: 'removed' }), current)
  expect(flows).toHaveLength(1)
  expect(flows[0]).toMatchObject({ name: 'web', state: 'failing' })
  expect(flows[0]!.problem).toMatch(/^FLM9105: /)
  expect(flows[0]!.channels[0]!.stats!.backlogEvents).toBe(12_345)
  held.releaseAll()
  expect(held.addTo(agentStatus(), current)).toEqual(agentStatus())
})
