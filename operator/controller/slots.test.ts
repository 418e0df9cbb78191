import { expect, test } from 'vitest'
import { ManualClock } from '../../test/sim/clock.ts'
import { RolloutSlots } from './slots.ts'

test('three pools roll out at a time', () => {
  const slots = new RolloutSlots(new ManualClock())
  expect(['a', 'b', 'c', 'd', 'a'].map((key) => slots.take(key))).toEqual([
    true,
    true,
    true,
    false,
    true,
  ])
  slots.release('b')
  expect(slots.take('d')).toBe(true)
})

test('one that gets no further lets another one go on after a while', () => {
  const clock = new ManualClock()
  const slots = new RolloutSlots(clock)
  for (const key of ['a', 'b', 'c']) slots.take(key)
  clock.advance(600_000)
  expect(slots.take('d')).toBe(true)
})

test('since when a budget refuses, until it does not', () => {
  const clock = new ManualClock()
  const slots = new RolloutSlots(clock)
  expect(slots.refused('a')).toBe(0)
  clock.advance(5000)
  expect(slots.refused('a')).toBe(5000)
  slots.allowed('a')
  expect(slots.refused('a')).toBe(0)
})
