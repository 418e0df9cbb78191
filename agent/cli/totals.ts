import type { AgentStatus } from '../core/status.ts'

/** What an agent has and did, over all of its flows. Pure. */
export interface Totals {
  readonly backlogEvents: number
  readonly backlogBytes: number
  readonly lostEvents: number
  /** Taken in by sources since the start of the process. */
  readonly inEvents: number
  /** Delivered by sinks since the start of the process. */
  readonly outEvents: number
}

export function totalsOf(status: AgentStatus): Totals {
  const channels = status.flows.flatMap((flow) => flow.channels)
  return {
    backlogEvents: sum(channels, (channel) => channel.stats?.backlogEvents ?? 0),
    backlogBytes: sum(channels, (channel) => channel.stats?.backlogBytes ?? 0),
    lostEvents: sum(channels, (channel) => channel.stats?.lostEvents ?? 0),
    inEvents: sum(status.flows, (flow) => sum(flow.sources, (each) => each.eventsTotal)),
    outEvents: sum(status.flows, (flow) => sum(flow.sinks, (each) => each.eventsTotal)),
  }
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
