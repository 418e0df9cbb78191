import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/clock.ts'
import { RoomTimeouts } from './room-timeouts.ts'

function setUp(timeoutMs = 1000) {
  const clock = new ManualClock()
  const stopping = new AbortController()
  const timeouts = new RoomTimeouts({ clock, timeoutMs, stopping: stopping.signal })
  return { clock, stopping, timeouts }
}

test('nobody waits less than the time-out, or much longer', () => {
  const { clock, timeouts } = setUp()
  const first = timeouts.signal()
  clock.advance(49)
  const second = timeouts.signal()
  expect(second).toBe(first)
  clock.advance(1)
  const third = timeouts.signal()
  expect(third).not.toBe(first)
  clock.advance(999)
  expect([first.aborted, third.aborted]).toEqual([false, false])
  clock.advance(1)
  expect([first.aborted, third.aborted]).toEqual([true, false])
  clock.advance(50)
  expect(third.aborted).toBe(true)
  expect(clock.pending).toBe(0)
})

test('one that begins after a long pause has all of its time', () => {
  const { clock, timeouts } = setUp()
  timeouts.signal()
  clock.advance(5000)
  const signal = timeouts.signal()
  expect(signal.aborted).toBe(false)
  clock.advance(1049)
  expect(signal.aborted).toBe(false)
})

test('a time-out of 0 still gives what has room the time to take it', () => {
  const { clock, timeouts } = setUp(0)
  const signal = timeouts.signal()
  expect(signal.aborted).toBe(false)
  clock.advance(50)
  expect(signal.aborted).toBe(true)
  expect(timeouts.signal()).not.toBe(signal)
})

test('a stop ends all waits, also those that begin later', () => {
  const { clock, stopping, timeouts } = setUp()
  const first = timeouts.signal()
  clock.advance(60)
  const second = timeouts.signal()
  stopping.abort()
  expect([first.aborted, second.aborted, timeouts.signal().aborted]).toEqual([true, true, true])
  expect(clock.pending).toBe(0)
})
