import { expect, it } from 'vitest'
import { batchOf } from '../../core/batch.ts'
import { Delivery, later } from './delivery.ts'

function deliveryOf(offsets: readonly number[], to = offsets.at(-1)!): Delivery {
  const origin = {
    stream: 's',
    from: 100,
    to,
    offsets: Float64Array.from(offsets),
    memo: '',
    routing: 'g',
  }
  return new Delivery(
    batchOf(
      offsets.map(() => ({ body: Buffer.from('x') })),
      origin,
    ),
    false,
  )
}

it('is delivered up to the first event that is not, whatever the order', () => {
  const delivery = deliveryOf([110, 120, 130, 140, 150])
  expect(delivery.offset()).toBe(100)
  delivery.deliver(3, 4)
  expect(delivery.offset()).toBe(100)
  delivery.deliver(0, 1)
  expect(delivery.offset()).toBe(110)
  delivery.deliver(1, 3)
  expect(delivery.offset()).toBe(140)
  expect(delivery.done).toBe(false)
  delivery.deliver(4, 5)
  expect(delivery.done).toBe(true)
  expect(delivery.offset()).toBe(150)
})

it('does not pass a part of the children of one event', () => {
  const delivery = deliveryOf([110, 120, 120, 120])
  delivery.deliver(0, 3)
  expect(delivery.offset()).toBe(110)
  delivery.deliver(3, 4)
  expect(delivery.offset()).toBe(120)
})

it('ends behind what was read for the batch and left out', () => {
  const delivery = deliveryOf([110], 190)
  delivery.deliver(0, 1)
  expect(delivery.offset()).toBe(190)
})

it('moves a position back for another routing only', () => {
  const at = (offset: number, routing = 'g') => ({ offset, routing, memo: '' })
  expect(later(undefined, at(5))).toEqual(at(5))
  expect(later(at(5), at(7))).toEqual(at(7))
  expect(later(at(7), at(5))).toEqual(at(7))
  expect(later(at(7), at(5, 'h'))).toEqual(at(5, 'h'))
})
