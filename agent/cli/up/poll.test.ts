import { expect, it } from 'vitest'
import { agentStatus } from '../../../test/cli/status.ts'
import { ManualClock } from '../../../test/sim/clock.ts'
import type { AgentStatus } from '../../core/status.ts'
import type { ReplicaView } from '../../supervisor/supervisor.ts'
import { Poll } from './poll.ts'

const view = (name: string, pid = 1): ReplicaView => ({
  name,
  agent: 'hub',
  state: 'running',
  pid,
  restarts: 0,
  retryInMs: 0,
  admin: name,
})

/** Answers when the test says so. */
function questions() {
  const open: { address: string; answer: (status: AgentStatus) => void; fail: () => void }[] = []
  const fetchStatus = (address: string): Promise<AgentStatus> => {
    const { promise, resolve, reject } = Promise.withResolvers<AgentStatus>()
    open.push({ address, answer: resolve, fail: () => reject(new Error('no answer')) })
    return promise
  }
  return { open, fetchStatus }
}

const STOPPED: ReplicaView = { ...view('c'), pid: undefined }

it('remembers the last two answers of each', async () => {
  const clock = new ManualClock()
  const { open, fetchStatus } = questions()
  const poll = new Poll(clock, fetchStatus)
  const answered: string[] = []
  for (const _ of [1, 2, 3]) {
    const asked = poll.ask([view('a'), view('b'), STOPPED], (name) => answered.push(name))
    open.find(({ address }) => address === 'a')!.answer(agentStatus())
    open.find(({ address }) => address === 'b')!.fail()
    await asked
    open.length = 0
    clock.advance(1000)
  }
  expect(answered).toEqual(['a', 'a', 'a'])
  const [a, b, c] = poll.looks([view('a'), view('b'), STOPPED])
  expect([a!.previous!.atMs, a!.current!.atMs]).toEqual([1000, 2000])
  expect([b!.current, c!.current]).toEqual([undefined, undefined])
})

it('does not ask again one that has not answered, and does not hold up the others', async () => {
  const { open, fetchStatus } = questions()
  const poll = new Poll(new ManualClock(), fetchStatus)
  void poll.ask([view('a'), view('b')], () => {})
  open.shift()!.answer(agentStatus())
  await Promise.resolve()
  void poll.ask([view('b')], () => {})
  expect(open).toHaveLength(1)
})

it('knows nothing of a process that was started anew', async () => {
  const { open, fetchStatus } = questions()
  const poll = new Poll(new ManualClock(), fetchStatus)
  const answered: string[] = []
  const first = poll.ask([view('a', 1)], (name) => answered.push(name))
  const second = poll.ask([view('a', 2)], (name) => answered.push(name))
  open[0]!.answer(agentStatus())
  await first
  expect([answered, poll.looks([view('a', 2)])[0]!.current]).toEqual([[], undefined])
  open[1]!.answer(agentStatus())
  await second
  expect(answered).toEqual(['a'])
  await poll.ask([], () => {})
  expect(poll.looks([view('a', 2)])[0]!.current).toBeUndefined()
})
