import { expect, it } from 'vitest'
import { agentStatus } from '../../test/cli/status.ts'
import { ManualClock, turns } from '../../test/sim/clock.ts'
import { Processes, replicaSpec } from '../../test/supervisor/processes.ts'
import { Replica } from './replica.ts'
import { sameArgs, updateReplica } from './rollout.ts'

it('compares options in their order', () => {
  const of = (...args: string[]) => replicaSpec({ args })
  expect(sameArgs(of('a', 'b'), of('a', 'b'))).toBe(true)
  expect(sameArgs(of('a', 'b'), of('b', 'a'))).toBe(false)
  expect(sameArgs(of('a'), of('a', 'b'))).toBe(false)
})

// What a rollout does step by step is tested with the supervisor.
it('writes nothing and starts nothing once everything is to stop', async () => {
  const clock = new ManualClock()
  const processes = new Processes()
  const random = { number: () => 0, bytes: (length: number) => Buffer.alloc(length) }
  const options = { clock, random, launch: processes.launch, report: () => {}, killAfterMs: 1 }
  const replica = new Replica(replicaSpec(), options)
  replica.start()
  const stop = new AbortController()
  const written: string[] = []
  const updated = updateReplica(replica, replicaSpec({ args: [] }), {
    ...options,
    fetchStatus: async () => agentStatus(),
    writeManifest: ({ name }) => void written.push(name),
    signal: stop.signal,
  })
  stop.abort()
  processes.last.end({ code: 0, reason: undefined })
  expect(await updated).toBe(false)
  await turns()
  expect([written, processes.all.length, replica.state]).toEqual([[], 1, 'stopped'])
})
