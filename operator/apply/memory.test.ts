import { expect, test } from 'vitest'
import { ManualClock } from '../../test/sim/clock.ts'
import { Memory } from './memory.ts'

const request = { scope: 'logs/hub', object: 'Service hub', hash: 'h', state: 'uid/1' }
const problem = { reason: 'ObjectRefused', object: 'Service hub', message: 'no' } as const

test('a request that changed nothing is not repeated until something changes', () => {
  const memory = new Memory(new ManualClock())
  expect(memory.recall(request)).toBeUndefined()
  memory.remember(request)
  expect(memory.recall(request)).toBe('unchanged')
  expect(memory.recall({ ...request, hash: 'i' })).toBeUndefined()
  expect(memory.recall({ ...request, state: 'uid/2' })).toBeUndefined()
  memory.forget('logs/hub')
  expect(memory.recall(request)).toBeUndefined()
})

test('one that was refused is made again after a minute', () => {
  const clock = new ManualClock()
  const memory = new Memory(clock)
  memory.remember(request, problem)
  expect(memory.recall(request)).toBe(problem)
  clock.advance(60_000)
  expect(memory.recall(request)).toBeUndefined()
})
