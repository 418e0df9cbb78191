import { expect, test } from 'vitest'
import { ManualClock } from './clock.ts'

test('timers run in order, each at its own time, and only when due', () => {
  const clock = new ManualClock(1000)
  const ran: [string, number][] = []
  const note = (name: string) => (): void => void ran.push([name, clock.now()])
  clock.schedule(note('later'), 20)
  clock.schedule(note('soon'), 10)
  clock.schedule(note('with soon'), 10)
  clock.schedule(note('never'), 15).clear()
  clock.advance(15)
  expect(ran).toEqual([
    ['soon', 1010],
    ['with soon', 1010],
  ])
  expect(clock.nextMs).toBe(5)
  clock.advance(5)
  expect(ran.length).toBe(3)
  expect(clock.pending).toBe(0)
  expect(clock.nextMs).toBeUndefined()
})

test('a timer started by a timer runs in the same advance when it falls due', () => {
  const clock = new ManualClock()
  const ran: number[] = []
  const again = (): void => {
    ran.push(clock.monotonic())
    if (ran.length < 3) clock.schedule(again, 10)
  }
  clock.schedule(again, 10)
  clock.advance(100)
  expect(ran).toEqual([10, 20, 30])
})

test('a jump of the wall clock moves no duration', () => {
  const clock = new ManualClock(0)
  clock.advance(5)
  clock.jump(-3_600_000)
  expect(clock.now()).toBe(5 - 3_600_000)
  expect(clock.monotonic()).toBe(5)
})
