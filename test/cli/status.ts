import type { AgentStatus, FlowStatus } from '../../agent/core/status.ts'

/** A status with one flow that is well: stress → file channel → file. */
export function agentStatus(flow: Partial<FlowStatus> = {}): AgentStatus {
  return {
    agent: 'hub',
    ordinal: 0,
    version: '1.2.3',
    startedAt: '2026-01-01T00:00:00.000Z',
    state: 'running',
    configuration: 'abc',
    lastReload: undefined,
    delivered: undefined,
    oldestEventAgeMs: 2345,
    flows: [{ ...WEB, ...flow }],
  }
}

const WEB: FlowStatus = {
  name: 'web',
  state: 'running',
  hash: '1',
  problem: undefined,
  sources: [
    {
      name: 'in',
      type: 'stress',
      state: 'running',
      problem: undefined,
      details: {},
      eventsTotal: 20_000,
      deadLettersTotal: 0,
    },
  ],
  channels: [
    {
      name: 'disk',
      type: 'file',
      state: 'running',
      problem: undefined,
      details: {},
      role: 'active',
      stats: {
        state: 'open',
        backlogEvents: 12_345,
        backlogBytes: 6_606_029,
        leasedEvents: 0,
        capacityBytes: 2 ** 30,
        capacityEvents: undefined,
        diskBytes: 7_000_000,
        oldestEventAgeMs: 2345,
        lostEvents: 0,
        quarantinedRecords: 0,
        redeliveredEvents: 0,
        appendedEvents: 20_000,
        acknowledgedEvents: 7655,
        syncs: 10,
        writtenBytes: 7_000_000,
        problem: undefined,
      },
    },
  ],
  sinks: [
    {
      name: 'out',
      type: 'file',
      state: 'running',
      problem: undefined,
      details: {},
      channel: 'disk',
      group: 'out',
      eventsTotal: 7655,
      failuresTotal: 0,
      deadLettersTotal: 0,
      health: {
        live: true,
        failures: 0,
        retryInMs: undefined,
        lastError: undefined,
      },
    },
  ],
}
