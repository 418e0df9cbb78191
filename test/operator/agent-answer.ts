import type { ChannelStats } from '../../agent/core/channel.ts'
import type {
  AgentStatus,
  ChannelStatus,
  DeliveredStatus,
  FlowStatus,
  SinkStatus,
  SourceStatus,
} from '../../agent/core/status.ts'
import type { DeliveredFlow } from '../../agent/config/delivered.ts'

/** What a stand-in for an agent is to say of itself. */
export interface AgentState {
  readonly agent: string
  readonly ordinal: number
  readonly delivered: readonly DeliveredFlow[]
  /** Events that wait, by flow. */
  backlogOf(flow: string): number
  /** What is in a channel that nothing drains, by flow. */
  leftOf(flow: string): Left | undefined
  /** Flows that are not configured and have something left. */
  readonly gone: readonly string[]
  missingOf(flow: DeliveredFlow): DeliveredStatus['missingSecrets']
}

export interface Left {
  readonly channel: string
  readonly events: number
}

/** The whole answer of an agent at /status, as the real one has it. */
export function agentAnswer(state: AgentState): AgentStatus {
  return {
    agent: state.agent,
    ordinal: state.ordinal,
    version: '0.0.0',
    startedAt: '2026-01-01T00:00:00.000Z',
    state: 'running',
    configuration: '0123456789abcdef',
    lastReload: { at: '2026-01-01T00:00:00.000Z', result: 'applied', errors: [] },
    oldestEventAgeMs: 0,
    flows: [
      ...state.delivered.map((flow) => flowStatus(state, flow)),
      ...state.gone.map((flow) => goneFlow(state, flow)),
    ],
    delivered: state.delivered.map((flow) => deliveredStatus(state, flow)),
  }
}

/** The part of a delivered spec that is read here. */
interface Spec {
  readonly sources: readonly { readonly name: string }[]
  readonly channels?: readonly { readonly name: string }[]
  readonly sinks: readonly { readonly name: string }[]
}

function flowStatus(state: AgentState, { flow, hash, manifest }: DeliveredFlow): FlowStatus {
  const { sources, sinks, channels = [{ name: 'default' }] } = manifest.spec as Spec
  const [first, ...others] = channels
  return {
    name: flow,
    state: 'running',
    hash,
    problem: undefined,
    sources: sources.map(source),
    channels: [
      channel(first!.name, state.backlogOf(flow)),
      ...others.map((each) => channel(each.name, 0)),
      ...leftIn(state, flow),
    ],
    sinks: sinks.map(sink),
  }
}

function goneFlow(state: AgentState, flow: string): FlowStatus {
  const channels = leftIn(state, flow)
  return {
    name: flow,
    state: 'removed',
    hash: '',
    problem: undefined,
    sources: [],
    channels,
    sinks: [],
  }
}

function source(given: { readonly name: string }): SourceStatus {
  return { ...component(given), eventsTotal: 0, deadLettersTotal: 0 }
}

function sink(given: { readonly name: string }): SinkStatus {
  return {
    ...component(given),
    channel: 'default',
    group: given.name,
    eventsTotal: 0,
    failuresTotal: 0,
    deadLettersTotal: 0,
    health: { live: true, failures: 0, retryInMs: undefined, lastError: undefined },
  }
}

/** One and only one component is in each, by the name of its type. */
function component(given: { readonly name: string }) {
  const { name } = given
  const type = Object.keys(given).find((key) => !NOT_TYPES.has(key)) ?? ''
  return { name, type, state: 'running', problem: undefined, details: {} } as const
}

const NOT_TYPES = new Set(['name', 'channel', 'channels', 'interceptors', 'selector', 'service'])

function leftIn(state: AgentState, flow: string): ChannelStatus[] {
  const left = state.leftOf(flow)
  return left === undefined ? [] : [{ ...channel(left.channel, left.events), role: 'orphaned' }]
}

function channel(name: string, backlogEvents: number): ChannelStatus {
  return { ...component({ name }), type: 'file', role: 'active', stats: stats(backlogEvents) }
}

function stats(backlogEvents: number): ChannelStats {
  return {
    state: 'open',
    backlogEvents,
    backlogBytes: backlogEvents * 100,
    leasedEvents: 0,
    capacityBytes: 1024 ** 3,
    capacityEvents: undefined,
    diskBytes: 0,
    oldestEventAgeMs: backlogEvents > 0 ? 60_000 : 0,
    lostEvents: 0,
    quarantinedRecords: 0,
    redeliveredEvents: 0,
    appendedEvents: 0,
    acknowledgedEvents: 0,
    syncs: 0,
    writtenBytes: 0,
    problem: undefined,
  }
}

function deliveredStatus(state: AgentState, delivered: DeliveredFlow): DeliveredStatus {
  const { flow, generation, hash } = delivered
  const missingSecrets = state.missingOf(delivered)
  const problems = missingSecrets.map(({ secret, key }) => `FLM1503 ${secret}/${key} is missing`)
  const result = missingSecrets.length > 0 ? 'refused' : 'applied'
  const running = result === 'applied' ? { generation, hash } : undefined
  return { flow, generation, hash, result, problems, missingSecrets, running }
}
