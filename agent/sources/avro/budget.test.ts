import { expect, test } from 'vitest'
import { Budget } from './budget.ts'

/** A reader that notes when it was told to go on. */
function readers(count: number) {
  const resumed: number[] = []
  const list = Array.from({ length: count }, (_, i) => ({ resume: () => void resumed.push(i) }))
  return { list, resumed }
}

test('requests up to either bound, then nobody reads until one is answered', () => {
  const budget = new Budget({ bytesMax: 100, batchesMax: 2 })
  const { list, resumed } = readers(2)
  const [a, b] = list
  const end = budget.begin(10, 1)
  expect(budget.mayRead(a!)).toBe(true)
  const end2 = budget.begin(10, 1)
  expect(budget.mayRead(a!)).toBe(false)
  budget.wait(b!)
  budget.wait(a!)
  end()
  expect(resumed).toEqual([1, 0])
  end2()
  budget.begin(100, 1)
  expect(budget.mayRead(a!)).toBe(false)
  expect([budget.bytes, budget.requests]).toEqual([100, 1])
})

test('a reader that fills the room again leaves the others waiting', () => {
  const budget = new Budget({ bytesMax: 100, batchesMax: 10 })
  const end = budget.begin(100, 1)
  const { list, resumed } = readers(1)
  const greedy = { resume: () => void budget.begin(100, 1) }
  budget.wait(greedy)
  budget.wait(list[0]!)
  end()
  expect(resumed).toEqual([])
})

test('when only beginnings of messages are held, the oldest goes on', () => {
  const budget = new Budget({ bytesMax: 100, batchesMax: 10 })
  const { list, resumed } = readers(3)
  const [a, b, c] = list
  budget.hold(a!, 60)
  budget.hold(b!, 60)
  expect([a, b, c].map((each) => budget.mayRead(each!))).toEqual([true, false, false])
  budget.wait(b!)
  budget.wait(c!)
  budget.hold(a!, 90)
  expect(resumed).toEqual([])
  // The message of a is complete and became a request.
  const end = budget.begin(95, 1)
  budget.hold(a!, 0)
  expect(budget.mayRead(b!)).toBe(false)
  end()
  expect(resumed).toEqual([1, 2])
})

test('a reader that leaves gives back what it held', () => {
  const budget = new Budget({ bytesMax: 100, batchesMax: 10 })
  const { list, resumed } = readers(2)
  const [a, b] = list
  budget.hold(a!, 200)
  budget.wait(b!)
  budget.leave(a!)
  expect(resumed).toEqual([1])
  expect(budget.bytes).toBe(0)
  budget.begin(200, 1)
  budget.wait(b!)
  budget.leave(b!)
  budget.hold(a!, 0)
  expect(resumed).toEqual([1])
})
