import type { ChannelStats } from './channel.ts'
import type { SinkHealth } from './sink-group.ts'

/** What /status shows: plain data, JSON as it is. Times in ISO 8601, durations in milliseconds. */
export interface AgentStatus {
  readonly agent: string
  readonly version: string
  readonly startedAt: string
  readonly state: 'starting' | 'running' | 'stopping'
  /** Hash of the applied configuration. */
  readonly configuration: string
  readonly lastReload: ReloadOutcome | undefined
  /** Over all flows, the first number on every surface. */
  readonly oldestEventAgeMs: number
  readonly flows: readonly FlowStatus[]
}

export interface ReloadOutcome {
  readonly at: string
  /** 'unchanged': the same configuration; 'refused': errors, nothing changed. */
  readonly result: 'applied' | 'unchanged' | 'refused'
  readonly errors: readonly string[]
}

export interface FlowStatus {
  readonly name: string
  /** 'removed': no longer in the configuration, but with channels that are not empty. */
  readonly state: 'starting' | 'running' | 'failing' | 'stopping' | 'removed'
  readonly hash: string
  /** Why the flow is not as configured, while it is not: it runs in its last version, if it had one. */
  readonly problem: string | undefined
  readonly sources: readonly SourceStatus[]
  readonly channels: readonly ChannelStatus[]
  readonly sinks: readonly SinkStatus[]
}

interface ComponentStatus {
  readonly name: string
  readonly type: string
  readonly state: 'starting' | 'running' | 'failing' | 'stopped'
  /** Code and message of the last failure, while it lasts. */
  readonly problem: string | undefined
  /** What the component says of itself. */
  readonly details: Readonly<Record<string, unknown>>
}

export interface SourceStatus extends ComponentStatus {
  readonly eventsTotal: number
  /** What its interceptors gave up on. */
  readonly deadLettersTotal: number
}

/**
 * 'retiring': out of the configuration, its sinks drain it; 'orphaned': out of the configuration and
 * without sinks. Neither is ever reported as empty while it holds events.
 */
export interface ChannelStatus extends ComponentStatus {
  readonly role: 'active' | 'retiring' | 'orphaned'
  /** undefined while the channel could not be opened. */
  readonly stats: ChannelStats | undefined
}

export interface SinkStatus extends ComponentStatus {
  readonly channel: string
  readonly group: string
  readonly eventsTotal: number
  readonly failuresTotal: number
  /** What it gave up on. */
  readonly deadLettersTotal: number
  readonly health: SinkStatusHealth
}

export interface SinkStatusHealth extends Omit<SinkHealth, 'sink' | 'retryAtMs'> {
  /** When a sink that failed is tried again; 0 for as soon as there are events for it. */
  readonly retryInMs: number | undefined
}
