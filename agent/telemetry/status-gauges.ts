import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { ChannelStats } from '../core/channel.ts'
import type { ChannelStatus, FlowStatus, SinkStatus } from '../core/status.ts'

const COMPONENT_STATES = ['starting', 'running', 'failing', 'stopped'] as const

/** Name, help and value of what is known of a channel at any time. */
const CHANNEL_GAUGES: readonly (readonly [
  string,
  string,
  (stats: ChannelStats) => number | undefined,
])[] = [
  [
    'flume_channel_oldest_event_age_seconds',
    'Age of the oldest event that is not delivered, 0 without one.',
    (stats) => stats.oldestEventAgeMs / 1000,
  ],
  ['flume_channel_events', 'Events that are not delivered.', (stats) => stats.backlogEvents],
  ['flume_channel_bytes', 'Bytes that are not delivered.', (stats) => stats.backlogBytes],
  ['flume_channel_leased_events', 'Events in the hands of sinks.', (stats) => stats.leasedEvents],
  [
    'flume_channel_capacity_bytes',
    'Bytes the channel may hold; absent where only events count.',
    (stats) => stats.capacityBytes,
  ],
  [
    'flume_channel_capacity_events',
    'Events the channel may hold; absent where only bytes count.',
    (stats) => stats.capacityEvents,
  ],
  [
    'flume_channel_disk_bytes',
    'Bytes on disk, all files of the channel.',
    (stats) => stats.diskBytes,
  ],
]

const CHANNEL_COUNTERS: readonly (readonly [string, string, (stats: ChannelStats) => number])[] = [
  [
    'flume_channel_syncs_total',
    'Syncs to disk since the channel was opened.',
    (stats) => stats.syncs,
  ],
  [
    'flume_channel_written_bytes_total',
    'Bytes written to disk since the channel was opened.',
    (stats) => stats.writtenBytes,
  ],
  [
    'flume_events_lost_total',
    'Events lost to damage on disk since the channel was made. Must be 0.',
    (stats) => stats.lostEvents,
  ],
  [
    'flume_quarantined_records_total',
    'Corrupt records put aside since the channel was made.',
    (stats) => stats.quarantinedRecords,
  ],
  [
    'flume_events_redelivered_total',
    'Events handed out again after a failed delivery or a restart.',
    (stats) => stats.redeliveredEvents,
  ],
]

/** Metrics that are a picture of the status: rebuilt whenever the metrics are read. */
export class StatusGauges {
  readonly #channelGauges: readonly Gauge[]
  readonly #channelCounters: readonly Counter[]
  readonly #sinkLive: Gauge
  readonly #channelRole: Gauge
  readonly #component: Gauge

  constructor(registry: Registry) {
    const registers = [registry]
    const labelNames = ['flow', 'channel']
    this.#channelGauges = CHANNEL_GAUGES.map(
      ([name, help]) => new Gauge({ name, help, labelNames, registers }),
    )
    this.#channelCounters = CHANNEL_COUNTERS.map(
      ([name, help]) => new Counter({ name, help, labelNames, registers }),
    )
    this.#sinkLive = new Gauge({
      name: 'flume_sink_live',
      help: '1 for a sink that its group uses, 0 for one that is backed off or in reserve.',
      labelNames: ['flow', 'group', 'sink'],
      registers,
    })
    this.#channelRole = new Gauge({
      name: 'flume_channel_role',
      help: '1 for the role a channel has: active, or out of the configuration and still holding events, with sinks (retiring) or without (orphaned).',
      labelNames: ['flow', 'channel', 'role'],
      registers,
    })
    this.#component = new Gauge({
      name: 'flume_component_state',
      help: '1 for the state a component is in.',
      labelNames: ['flow', 'kind', 'component', 'state'],
      registers,
    })
  }

  update(flows: readonly FlowStatus[]): void {
    for (const metric of [...this.#channelGauges, ...this.#channelCounters]) metric.reset()
    this.#sinkLive.reset()
    this.#channelRole.reset()
    this.#component.reset()
    for (const flow of flows) {
      for (const source of flow.sources) this.#state(flow.name, 'source', source)
      for (const channel of flow.channels) this.#channel(flow.name, channel)
      for (const sink of flow.sinks) this.#sink(flow.name, sink)
    }
  }

  #channel(flow: string, channel: ChannelStatus): void {
    this.#state(flow, 'channel', channel)
    this.#channelRole.set({ flow, channel: channel.name, role: channel.role }, 1)
    const { stats } = channel
    if (stats === undefined) return
    const labels = { flow, channel: channel.name }
    for (const [i, [, , value]] of CHANNEL_GAUGES.entries()) {
      const now = value(stats)
      if (now !== undefined) this.#channelGauges[i]!.set(labels, now)
    }
    for (const [i, [, , value]] of CHANNEL_COUNTERS.entries())
      this.#channelCounters[i]!.inc(labels, value(stats))
  }

  #sink(flow: string, sink: SinkStatus): void {
    this.#state(flow, 'sink', sink)
    this.#sinkLive.set({ flow, group: sink.group, sink: sink.name }, sink.health.live ? 1 : 0)
  }

  #state(
    flow: string,
    kind: 'source' | 'channel' | 'sink',
    component: { readonly name: string; readonly state: (typeof COMPONENT_STATES)[number] },
  ): void {
    for (const state of COMPONENT_STATES) {
      const labels = { flow, kind, component: component.name, state }
      this.#component.set(labels, component.state === state ? 1 : 0)
    }
  }
}
