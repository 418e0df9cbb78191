import { beforeEach, describe, expect, it } from 'vitest'
import type { AgentStatus } from '../core/status.ts'
import { agentStatus } from '../../test/cli/status.ts'
import { ManualClock, turns } from '../../test/sim/clock.ts'
import { Processes, replicaSpec } from '../../test/supervisor/processes.ts'
import type { SupervisorEvent } from './events.ts'
import type { ReplicaSpec } from './replica.ts'
import { Supervisor } from './supervisor.ts'

let clock: ManualClock
let processes: Processes
let events: string[]
let written: string[]
/** What the agents say of themselves, by address; one that is not here does not answer. */
let statuses: Map<string, Partial<AgentStatus>>
let supervisor: Supervisor

beforeEach(() => {
  clock = new ManualClock()
  processes = new Processes()
  events = []
  written = []
  statuses = new Map()
  supervisor = new Supervisor({
    launch: processes.launch,
    clock,
    random: { number: () => 0, bytes: (length) => Buffer.alloc(length) },
    report: (event: SupervisorEvent) => void events.push(`${event.replica} ${event.type}`),
    fetchStatus: async (address) => {
      const status = statuses.get(address)
      if (status === undefined) throw new Error('no answer')
      return { ...agentStatus(), ...status }
    },
    writeManifest: ({ name, manifest }) => void written.push(`${name} ${manifest}`),
    killAfterMs: 35_000,
  })
})

const NONE: ReadonlySet<string> = new Set()
const hub = (ordinal: number, changes: Partial<ReplicaSpec> = {}) =>
  replicaSpec({ ordinal, ...changes })

const states = () => supervisor.views().map(({ name, state }) => `${name} ${state}`)

async function started(...replicas: ReplicaSpec[]): Promise<void> {
  await supervisor.apply({ replicas, keep: NONE })
  for (const { name, admin, configuration } of replicas) {
    statuses.set(admin, { configuration })
    supervisor.answered(name)
  }
  events.length = 0
  written.length = 0
}

/** Lets the looks of a rollout pass. */
async function look(): Promise<void> {
  await turns(4)
  clock.advance(200)
  await turns(4)
}

const changed = { manifest: 'two', configuration: 'second' }

describe('the supervisor', () => {
  it('starts all at once, each with its manifests', async () => {
    await supervisor.apply({ replicas: [hub(0), hub(1)], keep: NONE })
    expect(states()).toEqual(['hub-0 starting', 'hub-1 starting'])
    expect(written).toEqual(['hub-0 one', 'hub-1 one'])
    expect(events).toEqual(['hub-0 started', 'hub-1 started'])
    supervisor.answered('hub-1')
    supervisor.answered('nobody')
    expect(states()).toEqual(['hub-0 starting', 'hub-1 running'])
  })

  it('leaves alone what has not changed', async () => {
    await started(hub(0))
    await supervisor.apply({ replicas: [hub(0)], keep: NONE })
    expect([events, written, processes.last.signals]).toEqual([[], [], []])
  })

  it('changes one replica after the other, each once the one before has taken it in', async () => {
    await started(hub(0), hub(1))
    const applied = supervisor.apply({ replicas: [hub(0, changed), hub(1, changed)], keep: NONE })
    await look()
    expect(written).toEqual(['hub-0 two'])
    expect(processes.of('hub-0').signals).toEqual(['SIGHUP'])
    await look()
    expect(written).toEqual(['hub-0 two'])
    statuses.set('127.0.0.1:20000', { configuration: 'second' })
    await look()
    await look()
    expect(written).toEqual(['hub-0 two', 'hub-1 two'])
    statuses.set('127.0.0.1:20001', { configuration: 'second' })
    await look()
    await applied
    expect(events).toEqual(['hub-0 reloaded', 'hub-1 reloaded'])
  })

  it('starts a replica anew whose options changed', async () => {
    await started(hub(0))
    const applied = supervisor.apply({
      replicas: [hub(0, { args: ['run', '--port=a'] })],
      keep: NONE,
    })
    await turns(4)
    expect(states()).toEqual(['hub-0 stopping'])
    expect(written).toEqual([])
    processes.last.end({ code: 0, reason: undefined })
    await look()
    await applied
    expect(processes.last.launch.args).toEqual(['run', '--port=a'])
    expect(events).toEqual(['hub-0 restarting', 'hub-0 started', 'hub-0 reloaded'])
  })

  it('holds the others of an agent when one refuses, and goes on with other agents', async () => {
    const edge = (changes = {}) => replicaSpec({ agent: 'web', admin: 'web:1', ...changes })
    await started(hub(0), hub(1), edge())
    const refused = { at: 'now', result: 'refused', errors: ['no'] } as const
    const replicas = [hub(0, changed), hub(1, changed), edge(changed)]
    const applied = supervisor.apply({ replicas, keep: NONE })
    await turns(4)
    statuses.set('127.0.0.1:20000', { configuration: 'first', lastReload: refused })
    statuses.set('web:1', { configuration: 'second' })
    await look()
    await applied
    expect(events).toEqual(['hub-0 held', 'web-0 reloaded'])
    expect(written).toEqual(['hub-0 two', 'web-0 two'])
  })

  it('does not wait for ever for one that does not answer', async () => {
    await started(hub(0), hub(1))
    statuses.clear()
    const applied = supervisor.apply({ replicas: [hub(0, changed), hub(1, changed)], keep: NONE })
    for (let i = 0; i < 301; i++) await look()
    await applied
    expect(events).toEqual(['hub-0 held'])
  })

  it('takes no refusal for its own that is older than the change', async () => {
    await started(hub(0))
    const before = { at: 'before', result: 'refused', errors: ['old'] } as const
    statuses.set('127.0.0.1:20000', { configuration: 'first', lastReload: before })
    const applied = supervisor.apply({ replicas: [hub(0, changed)], keep: NONE })
    await look()
    expect(events).toEqual([])
    statuses.set('127.0.0.1:20000', { configuration: 'second', lastReload: before })
    await look()
    await applied
    expect(events).toEqual(['hub-0 reloaded'])
  })

  it('starts what is new first, and stops what is not wanted last', async () => {
    await started(hub(0), hub(1))
    const replicas = [hub(0), replicaSpec({ agent: 'web' })]
    const applied = supervisor.apply({ replicas, keep: NONE })
    await turns(4)
    expect(states()).toEqual(['hub-0 running', 'hub-1 stopping', 'web-0 starting'])
    processes.of('hub-1').end({ code: 0, reason: undefined })
    await applied
    expect(states()).toEqual(['hub-0 running', 'web-0 starting'])
    expect(events).toEqual(['web-0 started', 'hub-1 removed'])
  })

  it('touches nothing of an agent that is to be kept', async () => {
    await started(hub(0), hub(1))
    await supervisor.apply({ replicas: [hub(0, changed)], keep: new Set(['hub']) })
    expect([states(), events, written]).toEqual([['hub-0 running', 'hub-1 running'], [], []])
  })

  it('starts one that was refused with what it is given next', async () => {
    await started(hub(0))
    processes.last.end({ code: 2, reason: undefined })
    await turns()
    expect(states()).toEqual(['hub-0 refused'])
    const applied = supervisor.apply({ replicas: [hub(0)], keep: NONE })
    await look()
    await applied
    expect(events).toEqual(['hub-0 refused', 'hub-0 started', 'hub-0 reloaded'])
  })
})

describe('its stop', () => {
  it('asks all at once', async () => {
    await started(hub(0), hub(1))
    const stopped = supervisor.stop()
    await turns()
    expect(processes.all.map((each) => each.signals)).toEqual([['SIGTERM'], ['SIGTERM']])
    for (const each of processes.all) each.end({ code: 0, reason: undefined })
    expect(await stopped).toBe(true)
  })

  it('ends a rollout, and starts nothing any more', async () => {
    await started(hub(0), hub(1))
    const args = ['run', '--port=a']
    const applied = supervisor.apply({
      replicas: [hub(0, { args }), hub(1, { args }), hub(2)],
      keep: NONE,
    })
    await turns(4)
    const stopped = supervisor.stop()
    for (const each of processes.all) each.end({ code: 1, reason: undefined })
    expect(await stopped).toBe(false)
    await applied
    expect(processes.all).toHaveLength(3)
    expect(states()).toEqual(['hub-0 stopped', 'hub-1 stopped', 'hub-2 stopped'])
    expect(clock.pending).toBe(0)
  })

  it('kills all when it is to be at once', async () => {
    await started(hub(0), hub(1))
    supervisor.kill()
    expect(processes.all.map((each) => each.signals)).toEqual([['SIGKILL'], ['SIGKILL']])
  })
})
