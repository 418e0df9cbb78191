import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { OperatorMetrics } from './metrics.ts'

test('what is there is counted when it is asked for', async () => {
  const registry = new Registry()
  const metrics = new OperatorMetrics(registry, { agents: () => 3, flows: () => 7 })
  metrics.polls.inc({ result: 'failed' })
  const text = await registry.metrics()
  for (const line of [
    'flume_operator_agents 3',
    'flume_operator_flows 7',
    'flume_operator_agent_polls_total{result="failed"} 1',
    'flume_operator_evictions_total 0',
  ])
    expect(text).toContain(line)
})
