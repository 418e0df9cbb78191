import { expect, test } from 'vitest'
import { TestLog } from '../../test/sim/flow-parts.ts'
import { FlumeError } from '../core/errors.ts'
import { ChannelEvents, FlowEvents, SinkEvents, SourceEvents } from './events.ts'
import { createMetrics } from './metrics.ts'

const error = new FlumeError('FLM4201', 'as told', { retryable: true })

function harness() {
  const log = new TestLog()
  const metrics = createMetrics()
  return { log, metrics, to: { log, metrics } }
}

test('what happens to a source is logged and counted by one call', async () => {
  const { log, metrics, to } = harness()
  const events = new SourceEvents('f', 'in', to)
  events.accepted(2, 20)
  events.dropped(0, 'filtered')
  events.dropped(3, 'filtered')
  events.refused(1, error)
  events.optionalFailed('o', 4, error)
  events.appendRetried('c', error, { batches: 2, delayMs: 10 })
  events.failed(error, 500)
  const text = await metrics.text()
  for (const line of [
    'flume_source_events_total{flow="f",source="in"} 2',
    'flume_events_dropped_total{flow="f",source="in",reason="filtered"} 3',
    'flume_events_dropped_total{flow="f",source="in",reason="FLM4201"} 1',
    'flume_events_dropped_total{flow="f",source="in",reason="optional"} 4',
    'flume_channel_failures_total{flow="f",channel="c",reason="FLM4201"} 1',
    'flume_source_failures_total{flow="f",source="in",reason="FLM4201"} 1',
  ])
    expect(text).toContain(line)
  expect(log.messages()).toEqual([
    'events refused',
    'optional channel did not take events',
    'append failed and will be retried',
    'source failed and will be restarted',
  ])
})

test('what happens to a sink, a channel and a flow too', async () => {
  const { log, metrics, to } = harness()
  const sink = new SinkEvents('f', 'out', to)
  sink.delivered(5, 50)
  sink.deliveredAfter(-3)
  sink.writeFailed(error)
  sink.startFailed(error)
  const channel = new ChannelEvents('f', 'c', to)
  channel.committed(2)
  channel.openFailed(error, 500)
  channel.leaving('orphaned', 3)
  const flow = new FlowEvents(log)
  flow.applied('h', { openChannels: [1], stopSources: [] })
  flow.applied('h', { openChannels: [] })
  flow.applied(undefined, {})
  const text = await metrics.text()
  expect(text).toContain('flume_sink_events_total{flow="f",sink="out"} 5')
  expect(text).toContain('flume_sink_failures_total{flow="f",sink="out",reason="FLM4201"} 2')
  expect(text).toContain('flume_delivery_seconds_sum{flow="f",sink="out"} 0')
  expect(text).toContain('flume_commit_seconds_count{flow="f",channel="c"} 1')
  expect(log.lines.find(({ message }) => message === 'flow configured')!.fields).toEqual({
    hash: 'h',
    openChannels: 1,
  })
  expect(log.messages().filter((message) => message === 'flow configured')).toHaveLength(1)
  expect(log.messages()).toContain('flow removed')
})
