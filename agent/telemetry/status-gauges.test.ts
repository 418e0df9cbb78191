import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import type { ChannelStats } from '../core/channel.ts'
import type { FlowStatus } from '../core/status.ts'
import { StatusGauges } from './status-gauges.ts'

const stats: ChannelStats = {
  state: 'open',
  backlogEvents: 7,
  backlogBytes: 70,
  leasedEvents: 2,
  capacityBytes: 1000,
  capacityEvents: undefined,
  diskBytes: 128,
  oldestEventAgeMs: 1500,
  lostEvents: 0,
  quarantinedRecords: 1,
  redeliveredEvents: 4,
  appendedEvents: 9,
  acknowledgedEvents: 2,
  syncs: 11,
  writtenBytes: 900,
  problem: undefined,
}

const part = { type: 'test', state: 'running', problem: undefined, details: {} } as const
const flow: FlowStatus = {
  name: 'f',
  state: 'running',
  hash: 'h',
  problem: undefined,
  sources: [{ ...part, name: 'in', state: 'failing', eventsTotal: 0, deadLettersTotal: 0 }],
  channels: [
    { ...part, name: 'c', role: 'active', stats },
    { ...part, name: 'd', role: 'orphaned', stats: undefined },
  ],
  sinks: [
    {
      ...part,
      name: 'out',
      channel: 'c',
      group: 'out',
      eventsTotal: 0,
      failuresTotal: 0,
      deadLettersTotal: 0,
      health: { live: true, failures: 0, retryInMs: undefined, lastError: undefined },
    },
  ],
}

test('the status becomes metrics, and what left it leaves them', async () => {
  const registry = new Registry()
  const gauges = new StatusGauges(registry)
  gauges.update([flow])
  gauges.update([flow])
  const lines = (await registry.metrics()).split('\n')
  for (const line of [
    'flume_channel_oldest_event_age_seconds{flow="f",channel="c"} 1.5',
    'flume_channel_events{flow="f",channel="c"} 7',
    'flume_channel_bytes{flow="f",channel="c"} 70',
    'flume_channel_capacity_bytes{flow="f",channel="c"} 1000',
    'flume_channel_disk_bytes{flow="f",channel="c"} 128',
    'flume_channel_syncs_total{flow="f",channel="c"} 11',
    'flume_events_lost_total{flow="f",channel="c"} 0',
    'flume_quarantined_records_total{flow="f",channel="c"} 1',
    'flume_events_redelivered_total{flow="f",channel="c"} 4',
    'flume_sink_live{flow="f",group="out",sink="out"} 1',
    'flume_channel_role{flow="f",channel="c",role="active"} 1',
    'flume_channel_role{flow="f",channel="d",role="orphaned"} 1',
    'flume_component_state{flow="f",kind="source",component="in",state="failing"} 1',
    'flume_component_state{flow="f",kind="source",component="in",state="running"} 0',
    'flume_component_state{flow="f",kind="channel",component="d",state="running"} 1',
  ])
    expect(lines).toContain(line)
  expect(lines.join()).not.toContain('flume_channel_capacity_events{')
  gauges.update([])
  expect(await registry.metrics()).not.toContain('flow="f"')
})
