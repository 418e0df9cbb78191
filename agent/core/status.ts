import type { ChannelStats } from './channel.ts'
import type { SinkHealth } from './sink-group.ts'

/** What /status shows: plain data, JSON as it is. Times in ISO 8601, durations in milliseconds. */
export interface AgentStatus {
  readonly agent: string
  /** Number of the replica. */
  readonly ordinal: number
  readonly version: string
  readonly startedAt: string
  readonly state: 'starting' | 'running' | 'stopping'
  /** Hash of the applied configuration. */
  readonly configuration: string
  readonly lastReload: ReloadOutcome | undefined
  /** Over all flows, the first number on every surface. */
  readonly oldestEventAgeMs: number
  readonly flows: readonly FlowStatus[]
  /** What an operator delivered, flow by flow; undefined for an agent that reads manifests. */
  readonly delivered: readonly DeliveredStatus[] | undefined
}

/** What became of the newest version of a delivered flow. One that is being applied shows the last. */
export interface DeliveredStatus {
  readonly flow: string
  /** Of the newest version; 0 and '' where it cannot be read. */
  readonly generation: number
  readonly hash: string
  readonly result: 'applied' | 'refused'
  readonly problems: readonly string[]
  /** Keys of Secrets that are not there, so that the flow waits for them. */
  readonly missingSecrets: readonly { readonly secret: string; readonly key: string }[]
  /** The version that runs; undefined: none. */
  readonly running: { readonly generation: number; readonly hash: string } | undefined
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
