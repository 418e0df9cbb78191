import { expect, test } from 'vitest'
import { ManualClock } from '../../test/sim/clock.ts'
import { BacklogBudget } from './budget.ts'

test('an object has its turn once a minute', () => {
  const clock = new ManualClock()
  const budget = new BacklogBudget(clock)
  expect(budget.take('a')).toBe(0)
  clock.advance(30_000)
  expect(budget.take('a')).toBe(30_000)
  clock.advance(30_000)
  expect(budget.take('a')).toBe(0)
})

test('what is written with something else waits for its next turn, and takes none from others', () => {
  const clock = new ManualClock()
  const budget = new BacklogBudget(clock)
  for (const uid of ['a', 'b', 'c']) budget.note(uid)
  expect(budget.take('d')).toBe(0)
  clock.advance(30_000)
  budget.note('a')
  clock.advance(30_000)
  expect([budget.take('b'), budget.take('a')]).toEqual([0, 30_000])
})

test('all of them have five turns a second', () => {
  const clock = new ManualClock()
  const budget = new BacklogBudget(clock)
  let written = 0
  for (let ms = 0; ms < 1000; ms += 10) {
    if (budget.take(`object ${ms}`) === 0) written++
    clock.advance(10)
  }
  expect(written).toBe(5)
})
