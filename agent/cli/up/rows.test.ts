import { describe, expect, it } from 'vitest'
import { agentStatus } from '../../../test/cli/status.ts'
import type { ReplicaView } from '../../supervisor/supervisor.ts'
import { rowOf } from './rows.ts'

const VIEW: ReplicaView = {
  name: 'hub-0',
  agent: 'hub',
  state: 'running',
  pid: 12,
  restarts: 1,
  retryInMs: 0,
  admin: '127.0.0.1:20000',
}

const at = (atMs: number, eventsTotal = 20_000) => {
  const [source] = agentStatus().flows[0]!.sources
  return { status: agentStatus({ sources: [{ ...source!, eventsTotal }] }), atMs }
}

describe('rowOf', () => {
  it('tells what waits, how fast it goes and which sinks are used', () => {
    const look = { view: VIEW, current: at(3000), previous: at(1000, 10_000) }
    expect(rowOf(look, 3500)).toEqual({
      replica: 'hub-0',
      state: 'running',
      pid: 12,
      restarts: 1,
      retryInMs: undefined,
      admin: '127.0.0.1:20000',
      backlogEvents: 12_345,
      backlogBytes: 6_606_029,
      oldestEventAgeMs: 2345,
      lostEvents: 0,
      inPerSecond: 5000,
      outPerSecond: 0,
      liveSinks: ['web/out'],
      problems: [],
    })
  })

  it('knows only the process until the agent answers', () => {
    const view = { ...VIEW, state: 'starting' as const }
    expect(rowOf({ view, current: undefined, previous: undefined }, 0)).toEqual({
      replica: 'hub-0',
      state: 'starting',
      pid: 12,
      restarts: 1,
      retryInMs: undefined,
      admin: '127.0.0.1:20000',
      problems: [],
    })
  })

  it('tells when a process that ended is started again, and nothing of what it said', () => {
    const view = { ...VIEW, state: 'waiting' as const, pid: undefined, retryInMs: 250 }
    const row = rowOf({ view, current: at(0), previous: undefined }, 100)
    expect(row).toMatchObject({ state: 'waiting', retryInMs: 250 })
    expect(row.backlogEvents).toBeUndefined()
  })

  it('is silent when it has not answered for three seconds, failing when a flow is', () => {
    const look = { view: VIEW, current: at(1000), previous: at(0) }
    expect(rowOf(look, 4000).state).toBe('running')
    expect(rowOf(look, 4001).state).toBe('silent')
    const status = agentStatus({ state: 'failing', problem: 'FLM9105: held back' })
    const row = rowOf({ ...look, current: { status, atMs: 1000 } }, 1000)
    expect(row).toMatchObject({
      state: 'failing',
      problems: ['flow web: FLM9105: held back'],
    })
  })

  it('takes no rate from the counters of an earlier process', () => {
    const look = { view: VIEW, current: at(2000, 10), previous: at(1000, 20_000) }
    expect(rowOf(look, 2000).inPerSecond).toBe(0)
  })

  it('shows no age of a backlog that is empty', () => {
    const [channel] = agentStatus().flows[0]!.channels
    const stats = { ...channel!.stats!, backlogEvents: 0 }
    const status = agentStatus({ channels: [{ ...channel!, stats }] })
    const look = { view: VIEW, current: { status, atMs: 0 }, previous: undefined }
    expect(rowOf(look, 0)).toMatchObject({ backlogEvents: 0, oldestEventAgeMs: 0 })
  })
})
