import { beforeEach, describe, expect, it } from 'vitest'
import { ManualClock, turns } from '../../test/sim/clock.ts'
import { Processes, replicaSpec } from '../../test/supervisor/processes.ts'
import type { SupervisorEvent } from './events.ts'
import { Replica } from './replica.ts'

let clock: ManualClock
let processes: Processes
let events: SupervisorEvent[]
let replica: Replica

beforeEach(() => {
  clock = new ManualClock()
  processes = new Processes()
  events = []
  replica = new Replica(replicaSpec(), {
    launch: processes.launch,
    clock,
    random: { number: () => 0, bytes: (length) => Buffer.alloc(length) },
    report: (event) => void events.push(event),
    killAfterMs: 35_000,
  })
})

/** The process ends by itself. */
async function ends(code: number | undefined, reason?: string): Promise<void> {
  processes.last.end({ code, reason })
  await turns()
}

describe('a replica', () => {
  it('is starting until it answers', () => {
    expect([replica.state, replica.pid]).toEqual(['stopped', undefined])
    replica.start()
    expect([replica.state, replica.pid]).toEqual(['starting', 1000])
    expect(processes.last.launch).toEqual({
      args: ['run', '--ordinal=0'],
      logFile: 'logs/hub-0.log',
    })
    replica.answered()
    expect(replica.state).toBe('running')
    expect(events).toEqual([{ type: 'started', replica: 'hub-0', pid: 1000 }])
  })

  it('is started again after each end, with delays that grow to a bound', async () => {
    replica.start()
    const delays: number[] = []
    for (let i = 0; i < 12; i++) {
      await ends(undefined, 'SIGKILL')
      expect([replica.state, replica.pid]).toEqual(['waiting', undefined])
      delays.push(replica.retryInMs)
      clock.advance(replica.retryInMs)
      expect([replica.state, replica.restarts]).toEqual(['starting', i + 1])
    }
    expect(delays.slice(0, 5)).toEqual([250, 500, 1000, 2000, 4000])
    expect(new Set(delays.slice(7))).toEqual(new Set([30_000]))
    expect(events[1]).toEqual({
      type: 'ended',
      replica: 'hub-0',
      ending: { code: undefined, reason: 'SIGKILL' },
      retryInMs: 250,
      logFile: 'logs/hub-0.log',
    })
  })

  it('is as new after a steady minute; so is one that ended well without being asked', async () => {
    replica.start()
    for (const code of [1, 0, 1]) {
      await ends(code)
      clock.advance(replica.retryInMs)
    }
    clock.advance(60_000)
    await ends(1)
    expect(replica.retryInMs).toBe(250)
    expect(replica.restarts).toBe(3)
  })

  it('is not started again where its configuration is wrong, until it is given another', async () => {
    replica.start()
    await ends(2)
    clock.advance(3_600_000)
    expect([replica.state, processes.all.length]).toEqual(['refused', 1])
    expect(events.at(-1)).toEqual({
      type: 'refused',
      replica: 'hub-0',
      logFile: 'logs/hub-0.log',
    })
    replica.start(replicaSpec({ manifest: 'two' }))
    expect([replica.state, replica.spec.manifest]).toEqual(['starting', 'two'])
  })

  it('that could not be started at all is tried again', async () => {
    replica.start()
    await ends(undefined, 'spawn ENOENT')
    expect(replica.state).toBe('waiting')
  })

  it('does not wait for its delay when it is given another configuration', async () => {
    replica.start()
    for (let i = 0; i < 5; i++) {
      await ends(1)
      clock.advance(replica.retryInMs)
    }
    await ends(1)
    replica.start(replicaSpec({ manifest: 'two' }))
    expect(replica.state).toBe('starting')
    expect(clock.pending).toBe(0)
    await ends(1)
    expect(replica.retryInMs).toBe(250)
  })

  it('is told of a new configuration by a signal', () => {
    replica.start()
    replica.reload(replicaSpec({ manifest: 'two' }))
    expect(processes.last.signals).toEqual(['SIGHUP'])
    expect(replica.spec.manifest).toBe('two')
  })
})

describe('a stop', () => {
  it('asks the process and waits for it; it ended well with code 0, or before it began', async () => {
    for (const [code, reason, well] of [
      [0, undefined, true],
      [1, undefined, false],
      [undefined, 'SIGTERM', true],
      [undefined, 'SIGKILL', false],
    ] as const) {
      replica.start()
      const stopped = replica.stop()
      expect(replica.stop()).toBe(stopped)
      expect([replica.state, processes.last.signals]).toEqual(['stopping', ['SIGTERM']])
      await ends(code, reason)
      expect(await stopped).toBe(well)
      expect([replica.state, replica.restarts, clock.pending]).toEqual(['stopped', 0, 0])
    }
  })

  it('kills a process that does not end', async () => {
    replica.start()
    const stopped = replica.stop()
    clock.advance(34_999)
    expect(processes.last.signals).toEqual(['SIGTERM'])
    clock.advance(1)
    expect(await stopped).toBe(false)
    expect(processes.last.signals).toEqual(['SIGTERM', 'SIGKILL'])
    expect(events.at(-1)).toEqual({ type: 'killed', replica: 'hub-0', afterMs: 35_000 })
  })

  it('of one that waits for its next start ends the waiting, and says that it did not end well', async () => {
    replica.start()
    await ends(1)
    expect(await replica.stop()).toBe(false)
    expect([replica.state, clock.pending]).toEqual(['stopped', 0])
    expect(await replica.stop()).toBe(true)
  })

  it('can be followed by a start', async () => {
    replica.start()
    const stopped = replica.stop()
    await ends(0)
    await stopped
    replica.start()
    expect([replica.state, processes.all.length]).toEqual(['starting', 2])
  })
})
