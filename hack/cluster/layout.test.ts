import { expect, test } from 'vitest'
import {
  SLOTS,
  hostLink,
  layoutOf,
  nodeNamespace,
  rangesOf,
  slotsFor,
  NODES_MAX,
} from './layout.ts'

test('a state directory tries every slot once, always in the same order', () => {
  const slots = slotsFor('/checkout/.cluster')
  expect(slots).toEqual(slotsFor('/checkout/.cluster'))
  expect(new Set(slots).size).toBe(SLOTS)
  expect(slotsFor('/another/.cluster')[0]).not.toBe(slots[0])
})

test('no two slots share a range or a name', () => {
  const layouts = Array.from({ length: SLOTS }, (_, slot) => layoutOf(slot))
  const ranges = layouts.flatMap(rangesOf)
  expect(new Set(ranges).size).toBe(3 * SLOTS)
  const numbers = ranges.map((range) => range.split('.').slice(0, 2).map(Number))
  expect(numbers.every(([first, second]) => first === 10 && second! < 256)).toBe(true)
})

test('the kernel takes the names of links', () => {
  for (const slot of [0, SLOTS - 1]) {
    expect(hostLink(layoutOf(slot)).length).toBeLessThanOrEqual(15)
    expect(nodeNamespace(layoutOf(slot), NODES_MAX)).toBe(`fc${slot}-node9`)
  }
})
