import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

test('totals are read when the metrics are, and two agents share nothing', async () => {
  const metrics = createMetrics()
  const totals = metrics.sourceTotals('f', 'in')
  expect(metrics.sourceTotals('f', 'in')).toBe(totals)
  totals.events += 5
  totals.bytes += 50
  metrics.sinkTotals('f', 'out').events += 3
  for (let i = 0; i < 2; i++) {
    const text = await metrics.text()
    expect(text).toContain('flume_source_events_total{flow="f",source="in"} 5')
    expect(text).toContain('flume_source_bytes_total{flow="f",source="in"} 50')
    expect(text).toContain('flume_sink_events_total{flow="f",sink="out"} 3')
    expect(text).toContain('process_cpu_seconds_total')
  }
  expect(await createMetrics().text()).not.toContain('source="in"')
  expect(metrics.contentType).toContain('text/plain')
})

test('durations are in seconds, the outcome of a reload is 0 or 1', async () => {
  const metrics = createMetrics()
  metrics.observeDelivery('f', 'out', 0.2)
  metrics.observeCommit('f', 'c', 0.002)
  metrics.reloaded(false)
  const text = await metrics.text()
  expect(text).toContain('flume_delivery_seconds_sum{flow="f",sink="out"} 0.2')
  expect(text).toContain('flume_commit_seconds_count{flow="f",channel="c"} 1')
  expect(text).toContain('flume_config_last_reload_success 0')
  metrics.reloaded(true)
  expect(await metrics.text()).toContain('flume_config_last_reload_success 1')
})

test('what became of delivered flows is 0 or 1, and gone with the flow', async () => {
  const metrics = createMetrics()
  const of = { generation: 1, hash: 'h', problems: [], missingSecrets: [], running: undefined }
  let delivered = [
    { ...of, flow: 'a', result: 'applied' as const },
    { ...of, flow: 'b', result: 'refused' as 'applied' | 'refused' },
  ]
  metrics.collectFrom(() => ({ flows: [], delivered }))
  const text = await metrics.text()
  expect(text).toContain('flume_delivered_flow_applied{flow="a"} 1')
  expect(text).toContain('flume_delivered_flow_applied{flow="b"} 0')
  delivered = []
  expect(await metrics.text()).not.toContain('flume_delivered_flow_applied{')
})
