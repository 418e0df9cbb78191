import type { FlumeError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Metrics, Totals } from './metrics.ts'

/**
 * What happens in a running flow. A log line and its metric are one function here, so that neither
 * is forgotten; the message is constant and the values are fields.
 */

export type DropReason = 'filtered' | 'unrouted'

export class SourceEvents {
  readonly totals: Totals
  readonly #flow: string
  readonly #source: string
  readonly #log: Logger
  readonly #metrics: Metrics

  constructor(
    flow: string,
    source: string,
    to: { readonly log: Logger; readonly metrics: Metrics },
  ) {
    this.#flow = flow
    this.#source = source
    this.#log = to.log
    this.#metrics = to.metrics
    this.totals = to.metrics.sourceTotals(flow, source)
  }

  accepted(events: number, bytes: number): void {
    this.totals.events += events
    this.totals.bytes += bytes
  }

  /** Dropped by a filter or a selector, as configured: counted, not logged. */
  dropped(events: number, reason: DropReason): void {
    if (events > 0) this.#drop(events, reason)
  }

  /** Dropped by the source itself; the source says so in its own words. */
  droppedBySource(events: number, reason: string): void {
    this.#drop(events, reason)
  }

  refused(events: number, error: FlumeError): void {
    this.#drop(events, error.code)
    this.#log.error({ events, error }, 'events refused')
  }

  optionalFailed(channel: string, events: number, error: FlumeError): void {
    this.#drop(events, 'optional')
    this.#metrics.channelFailures.inc({ flow: this.#flow, channel, reason: error.code })
    this.#log.debug({ channel, events, error }, 'optional channel did not take events')
  }

  appendRetried(channel: string, error: FlumeError, fields: RetryFields): void {
    this.#metrics.channelFailures.inc({ flow: this.#flow, channel, reason: error.code })
    this.#log.warn({ channel, error, ...fields }, 'append failed and will be retried')
  }

  started(streams: number): void {
    this.#log.info({ streams }, 'source started')
  }

  failed(error: FlumeError, delayMs: number): void {
    const labels = { flow: this.#flow, source: this.#source, reason: error.code }
    this.#metrics.sourceFailures.inc(labels)
    this.#log.error({ error, delayMs }, 'source failed and will be restarted')
  }

  turnsAway(error: FlumeError): void {
    const labels = { flow: this.#flow, source: this.#source, reason: error.code }
    this.#metrics.sourceFailures.inc(labels)
    this.#log.warn({ error }, 'source takes no clients until there is room')
  }

  stopFailed(error: FlumeError): void {
    const labels = { flow: this.#flow, source: this.#source, reason: error.code }
    this.#metrics.sourceFailures.inc(labels)
    this.#log.error({ error }, 'source did not stop in order')
  }

  stopped(): void {
    this.#log.info({}, 'source stopped')
  }

  #drop(events: number, reason: string): void {
    this.#metrics.dropped.inc({ flow: this.#flow, source: this.#source, reason }, events)
  }
}

export interface RetryFields {
  readonly batches: number
  readonly delayMs: number
}

export class ChannelEvents {
  readonly #flow: string
  readonly #channel: string
  readonly #log: Logger
  readonly #metrics: Metrics

  constructor(
    flow: string,
    channel: string,
    to: { readonly log: Logger; readonly metrics: Metrics },
  ) {
    this.#flow = flow
    this.#channel = channel
    this.#log = to.log
    this.#metrics = to.metrics
  }

  opened(backlogEvents: number, tookMs: number): void {
    this.#log.info({ backlogEvents, tookMs }, 'channel opened')
  }

  committed(ms: number): void {
    this.#metrics.observeCommit(this.#flow, this.#channel, ms / 1000)
  }

  openFailed(error: FlumeError, delayMs: number): void {
    const labels = { flow: this.#flow, channel: this.#channel, reason: error.code }
    this.#metrics.channelFailures.inc(labels)
    this.#log.error({ error, delayMs }, 'channel cannot be opened and will be retried')
  }

  readFailed(error: FlumeError, delayMs: number): void {
    const labels = { flow: this.#flow, channel: this.#channel, reason: error.code }
    this.#metrics.channelFailures.inc(labels)
    this.#log.error({ error, delayMs }, 'events could not be read from the channel')
  }

  closeFailed(error: FlumeError): void {
    const labels = { flow: this.#flow, channel: this.#channel, reason: error.code }
    this.#metrics.channelFailures.inc(labels)
    this.#log.error({ error }, 'channel did not close in order')
  }

  leaving(role: 'retiring' | 'orphaned', backlogEvents: number | undefined): void {
    this.#log.warn({ role, backlogEvents }, 'channel left the configuration with a backlog')
  }

  removed(): void {
    this.#log.info({}, 'channel is empty and was removed')
  }

  removeFailed(error: FlumeError): void {
    this.#log.warn({ error }, 'files of a removed channel could not be deleted')
  }
}

export class SinkEvents {
  readonly totals: Totals
  readonly #flow: string
  readonly #sink: string
  readonly #log: Logger
  readonly #metrics: Metrics

  constructor(flow: string, sink: string, to: { readonly log: Logger; readonly metrics: Metrics }) {
    this.#flow = flow
    this.#sink = sink
    this.#log = to.log
    this.#metrics = to.metrics
    this.totals = to.metrics.sinkTotals(flow, sink)
  }

  delivered(events: number, bytes: number): void {
    this.totals.events += events
    this.totals.bytes += bytes
  }

  deliveredAfter(ms: number): void {
    this.#metrics.observeDelivery(this.#flow, this.#sink, Math.max(0, ms) / 1000)
  }

  started(): void {
    this.#log.info({}, 'sink started')
  }

  startFailed(error: FlumeError): void {
    this.#failure(error)
    this.#log.error({ error }, 'sink could not start and will be retried')
  }

  writeFailed(error: FlumeError): void {
    this.#failure(error)
    this.#log.error({ error, outcome: error.outcome }, 'sink failed to deliver and will retry')
  }

  /** The events were delivered but will be delivered again. */
  acknowledgementFailed(error: FlumeError): void {
    this.#failure(error)
    this.#log.error({ error }, 'delivered events could not be acknowledged')
  }

  stopFailed(error: FlumeError): void {
    this.#failure(error)
    this.#log.error({ error }, 'sink did not stop in order')
  }

  stopped(): void {
    this.#log.info({}, 'sink stopped')
  }

  #failure(error: FlumeError): void {
    this.#metrics.sinkFailures.inc({ flow: this.#flow, sink: this.#sink, reason: error.code })
  }
}

export class SinkGroupEvents {
  readonly #flow: string
  readonly #group: string
  readonly #log: Logger
  readonly #metrics: Metrics

  constructor(
    flow: string,
    group: string,
    to: { readonly log: Logger; readonly metrics: Metrics },
  ) {
    this.#flow = flow
    this.#group = group
    this.#log = to.log
    this.#metrics = to.metrics
  }

  /** The group uses other sinks than before. */
  liveChanged(from: readonly string[], to: readonly string[], reason: string): void {
    const fields = { from: from.join(', ') || 'none', to: to.join(', ') || 'none', reason }
    this.#log.info(fields, 'live sink changed')
  }

  /** The group gave up waiting for a sink, which may still end what it does. */
  tookTooLong(sink: string, error: FlumeError): void {
    this.#metrics.sinkFailures.inc({ flow: this.#flow, sink, reason: error.code })
    this.#log.warn({ sink, error }, 'sink takes too long')
  }

  /** A live sink failed, and the others took over. */
  failedOver(sink: string): void {
    this.#metrics.sinkFailovers.inc({ flow: this.#flow, group: this.#group, sink })
  }
}

/** What was stopped, opened and started, by kind of change. */
export type FlowChanges = Readonly<Record<string, readonly unknown[]>>

export class FlowEvents {
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  applied(hash: string | undefined, changes: FlowChanges): void {
    const counts = Object.entries(changes).map(([change, items]) => [change, items.length] as const)
    const made = Object.fromEntries(counts.filter(([, count]) => count > 0))
    if (hash === undefined) this.#log.info(made, 'flow removed')
    else if (Object.keys(made).length > 0) this.#log.info({ hash, ...made }, 'flow configured')
  }

  refused(error: FlumeError): void {
    this.#log.error({ error }, 'flow keeps its last version: the new one cannot be applied')
  }
}
