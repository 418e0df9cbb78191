import { expect, test } from 'vitest'
import { Positions } from './positions.ts'

const at = (offset: number) => ({ offset, routing: 'r', memo: 'm'.repeat(80) })

test('the least recently used stream is forgotten when there is no room', () => {
  const positions = new Positions(300)
  positions.set('a', at(1))
  positions.set('b', at(2))
  positions.set('c', at(3))
  positions.set('a', at(4))
  positions.set('d', at(5))
  expect([...positions.toMap().keys()]).toStrictEqual(['c', 'a', 'd'])
  expect(positions.get('a')?.offset).toBe(4)
  expect(positions.evicted).toBe(1)
})

test('ten thousand short-lived streams do not push out the one that is used', () => {
  const positions = new Positions(10_000)
  for (let n = 0; n < 10_000; n++) {
    positions.set(`short-${n}`, at(n))
    positions.set('live', at(n))
  }
  expect(positions.get('live')?.offset).toBe(9999)
  expect(positions.size).toBeLessThan(110)
})

test('a stream above the bound alone is kept: the newest always is', () => {
  const positions = new Positions(10)
  positions.set('a', at(1))
  expect(positions.size).toBe(1)
})

test('a name counts as the bytes it takes in a checkpoint, not as its characters', () => {
  const positions = new Positions(100)
  positions.set('日'.repeat(20), { offset: 1, routing: '', memo: '' })
  positions.set('b'.repeat(20), { offset: 1, routing: '', memo: '' })
  expect(positions.size).toBe(1)
})
