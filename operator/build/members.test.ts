import { expect, test } from 'vitest'
import { agent, flow } from '../../test/operator/objects.ts'
import { LABELS } from '../api/constants.ts'
import { byAge, runsIn } from './members.ts'

test('a flow without agentRef runs only in a pool that was made for a flow', () => {
  const made = agent('web', {}, { labels: { [LABELS.forFlow]: 'x' } })
  expect([runsIn(agent('web'), flow('web')), runsIn(made, flow('web'))]).toEqual([false, true])
  expect(runsIn(agent('hub'), flow('web', { agentRef: { name: 'hub' } }))).toBe(true)
})

test('the oldest comes first, by name where two are of the same second', () => {
  const at = (name: string, creationTimestamp: string) => flow(name, {}, { creationTimestamp })
  const flows = [
    at('c', '2026-01-01T00:00:01Z'),
    at('b', '2026-01-01T00:00:00Z'),
    at('a', '2026-01-01T00:00:01Z'),
  ]
  expect(byAge(flows).map(({ metadata }) => metadata.name)).toEqual(['b', 'a', 'c'])
})
