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

test('one that another operator began with has a place, beyond those there are, but not for ever', () => {
  const clock = new ManualClock()
  const slots = new RolloutSlots(clock)
  for (const key of ['a', 'b', 'c', 'd']) slots.join(key)
  slots.release('a')
  expect(slots.take('e')).toBe(false)
  expect(slots.take('b')).toBe(true)
  clock.advance(600_000)
  expect(slots.take('e')).toBe(true)
  for (const key of ['c', 'd']) slots.join(key)
  expect(['f', 'g', 'h'].map((key) => slots.take(key))).toEqual([true, true, false])
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
