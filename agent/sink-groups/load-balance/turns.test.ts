import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../test/sim/random.ts'
import { RandomTurns, RoundRobinTurns } from './turns.ts'

const abc = ['a', 'b', 'c']

describe('round robin', () => {
  it('goes around, and stays while nobody takes the turn', () => {
    const turns = new RoundRobinTurns(abc)
    const orders = ['', '', '', ''].map(() => {
      const order = turns.order(abc)
      expect(turns.order(abc)).toEqual(order)
      turns.took(order[0]!, abc)
      return order.join('')
    })
    expect(orders).toEqual(['abc', 'bca', 'cab', 'abc'])
  })

  it('goes on behind the one that took the turn for another that was busy', () => {
    const turns = new RoundRobinTurns(abc)
    turns.took('b', abc)
    expect(turns.order(abc)).toEqual(['c', 'a', 'b'])
  })

  it('begins at the first where the place is gone', () => {
    const turns = new RoundRobinTurns(abc)
    turns.took('b', abc)
    expect(turns.order(['a', 'c'])).toEqual(['a', 'c'])
  })

  it('asks those behind a failed one first', () => {
    const turns = new RoundRobinTurns(abc)
    expect(turns.orderAfter('b', ['a', 'c'])).toEqual(['c', 'a'])
    expect(turns.orderAfter('c', abc)).toEqual(['a', 'b', 'c'])
  })
})

describe('random', () => {
  it('gives each order about as often, and stays while nobody takes the turn', () => {
    const turns = new RandomTurns(abc, new SeededRandom(7))
    const counts = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = turns.order(abc).join('')
      expect(turns.order(abc).join('')).toBe(order)
      counts.set(order, (counts.get(order) ?? 0) + 1)
      turns.took()
    }
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(count).toBeGreaterThan(850)
  })

  it('leaves out those that are not active', () => {
    const turns = new RandomTurns(abc, new SeededRandom(7))
    expect(turns.order(['a', 'c']).toSorted()).toEqual(['a', 'c'])
    expect(turns.orderAfter('b', ['a']).toSorted()).toEqual(['a'])
    expect(turns.order([])).toEqual([])
  })
})
