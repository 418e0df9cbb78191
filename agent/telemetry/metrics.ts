import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { AgentStatus } from '../core/status.ts'
import { StatusGauges } from './status-gauges.ts'

/** Numbers that a component adds to on the hot path; copied into the registry when it is read. */
export interface Totals {
  events: number
  bytes: number
}

/** What of /status the metrics are taken from. */
export type StatusForMetrics = Pick<AgentStatus, 'flows'> & Partial<Pick<AgentStatus, 'delivered'>>

const DELIVERY_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600]
const COMMIT_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]

interface TotalsOf {
  readonly labels: Readonly<Record<string, string>>
  readonly totals: Totals
}

/** The metrics of one agent, in a registry of their own. */
export class Metrics {
  readonly contentType: string
  readonly #registry = new Registry()
  readonly #sources = new Map<string, TotalsOf>()
  readonly #sinks = new Map<string, TotalsOf>()
  readonly #gauges: StatusGauges
  #status: () => StatusForMetrics = () => ({ flows: [] })

  readonly #sourceEvents = this.#counter(
    'flume_source_events_total',
    'Events taken from a source into its required channels.',
    ['flow', 'source'],
  )
  readonly #sourceBytes = this.#counter(
    'flume_source_bytes_total',
    'Bytes of event bodies taken from a source into its required channels.',
    ['flow', 'source'],
  )
  readonly #sinkEvents = this.#counter(
    'flume_sink_events_total',
    'Events delivered by a sink and acknowledged in its channel.',
    ['flow', 'sink'],
  )
  readonly #sinkBytes = this.#counter(
    'flume_sink_bytes_total',
    'Bytes of event bodies delivered by a sink and acknowledged in its channel.',
    ['flow', 'sink'],
  )
  /** By `reason`, an error code. */
  readonly sinkFailures = this.#counter(
    'flume_sink_failures_total',
    'Failed starts and writes of a sink, by error code.',
    ['flow', 'sink', 'reason'],
  )
  readonly sinkFailovers = this.#counter(
    'flume_sink_failovers_total',
    'How often a sink failed while its group used it, so that the others took over.',
    ['flow', 'group', 'sink'],
  )
  readonly sourceFailures = this.#counter(
    'flume_source_failures_total',
    'Failed starts and failures of a source, by error code.',
    ['flow', 'source', 'reason'],
  )
  readonly channelFailures = this.#counter(
    'flume_channel_failures_total',
    'Failed opens and appends of a channel, by error code.',
    ['flow', 'channel', 'reason'],
  )
  readonly dropped = this.#counter(
    'flume_events_dropped_total',
    'Events dropped on purpose: by filters, by selectors, for optional channels, above size limits.',
    ['flow', 'source', 'reason'],
  )
  /** By `reason`, an error code or one of a few words. */
  readonly deadLetters = this.#counter(
    'flume_dead_letter_events_total',
    'Events handed to the dead-letter channel, by the component that gave up on them and the kind of reason.',
    ['flow', 'component', 'reason'],
  )
  readonly #delivery = new Histogram({
    name: 'flume_delivery_seconds',
    help: 'Time from the append of a batch to its channel to its delivery by a sink.',
    labelNames: ['flow', 'sink'],
    buckets: DELIVERY_BUCKETS_S,
    registers: [this.#registry],
  })
  readonly #commit = new Histogram({
    name: 'flume_commit_seconds',
    help: 'Time from the append of a batch to its acceptance by the channel, for a file channel its sync.',
    labelNames: ['flow', 'channel'],
    buckets: COMMIT_BUCKETS_S,
    registers: [this.#registry],
  })
  readonly #reload = new Gauge({
    name: 'flume_config_last_reload_success',
    help: '1 when the newest configuration is applied, 0 when it was refused.',
    registers: [this.#registry],
  })
  readonly #delivered = new Gauge({
    name: 'flume_delivered_flow_applied',
    help: '1 when the newest version of a flow that an operator delivered is applied, 0 when it was refused.',
    labelNames: ['flow'],
    registers: [this.#registry],
  })

  constructor() {
    this.contentType = this.#registry.contentType
    this.#gauges = new StatusGauges(this.#registry)
    collectDefaultMetrics({ register: this.#registry })
  }

  /** Where the gauges come from; read when the metrics are. */
  collectFrom(status: () => StatusForMetrics): void {
    this.#status = status
  }

  sourceTotals(flow: string, source: string): Totals {
    return totalsIn(this.#sources, { flow, source })
  }

  sinkTotals(flow: string, sink: string): Totals {
    return totalsIn(this.#sinks, { flow, sink })
  }

  observeDelivery(flow: string, sink: string, seconds: number): void {
    this.#delivery.observe({ flow, sink }, seconds)
  }

  observeCommit(flow: string, channel: string, seconds: number): void {
    this.#commit.observe({ flow, channel }, seconds)
  }

  /** The outcome of the last attempt to apply a configuration. */
  reloaded(success: boolean): void {
    this.#reload.set(success ? 1 : 0)
  }

  /** All metrics in the text format of Prometheus. */
  async text(): Promise<string> {
    const { flows, delivered = [] } = this.#status()
    this.#gauges.update(flows)
    this.#delivered.reset()
    for (const { flow, result } of delivered)
      this.#delivered.set({ flow }, result === 'applied' ? 1 : 0)
    copy(this.#sources, this.#sourceEvents, this.#sourceBytes)
    copy(this.#sinks, this.#sinkEvents, this.#sinkBytes)
    return this.#registry.metrics()
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }
}

export function createMetrics(): Metrics {
  return new Metrics()
}

function totalsIn(all: Map<string, TotalsOf>, labels: Readonly<Record<string, string>>): Totals {
  const key = Object.values(labels).join('/')
  let entry = all.get(key)
  if (entry === undefined) {
    entry = { labels, totals: { events: 0, bytes: 0 } }
    all.set(key, entry)
  }
  return entry.totals
}

function copy(from: ReadonlyMap<string, TotalsOf>, events: Counter, bytes: Counter): void {
  events.reset()
  bytes.reset()
  for (const { labels, totals } of from.values()) {
    events.inc(labels, totals.events)
    bytes.inc(labels, totals.bytes)
  }
}
