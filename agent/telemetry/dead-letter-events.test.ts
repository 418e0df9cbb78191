import { expect, test } from 'vitest'
import { TestLog } from '../../test/sim/flow-parts.ts'
import { DeadLetterEvents } from './dead-letter-events.ts'
import { createMetrics } from './metrics.ts'

test('all are counted; the log has a line now and then', async () => {
  const [log, metrics] = [new TestLog(), createMetrics()]
  const events = new DeadLetterEvents('f', { log, metrics })
  const why = { component: 'sink out', kind: 'FLM4201', reason: 'too long' }
  for (const nowMs of [0, 1, 2, 10_000]) events.deadLettered(2, why, nowMs)
  expect(events.total).toBe(8)
  expect(log.lines.map(({ fields }) => fields)).toEqual([
    { component: 'sink out', events: 2, reason: 'too long' },
    { component: 'sink out', events: 6, reason: 'too long' },
  ])
  expect(await metrics.text()).toContain(
    'flume_dead_letter_events_total{flow="f",component="sink out",reason="FLM4201"} 8',
  )
})
