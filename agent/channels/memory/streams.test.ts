import { expect, it } from 'vitest'
import { batchOf } from '../../core/batch.ts'
import type { Origin } from '../../core/batch.ts'
import { Delivery } from './delivery.ts'
import { STREAMS_MAX } from './positions-log.ts'
import { Streams } from './streams.ts'

function originOf(from: number, count: number, change: Partial<Origin> = {}): Origin {
  const offsets = Float64Array.from({ length: count }, (_, i) => from + i + 1)
  return { stream: 's', from, to: from + count, offsets, memo: '', routing: 'g', ...change }
}

function deliveryOf(origin: Origin): Delivery {
  return new Delivery(
    batchOf(
      Array.from(origin.offsets, () => ({ body: Buffer.from('x') })),
      origin,
    ),
    false,
  )
}

it('moves the position only to where all batches of the stream are delivered', () => {
  const streams = new Streams(new Map())
  const first = deliveryOf(originOf(0, 2))
  const second = deliveryOf(originOf(2, 2))
  streams.add(first)
  streams.add(second)
  second.deliver(0, 2)
  expect(streams.advance('s')).toMatchObject({ position: { offset: 0 }, passed: [] })
  first.deliver(0, 1)
  expect(streams.advance('s')).toMatchObject({ position: { offset: 1 }, passed: [] })
  first.deliver(1, 2)
  expect(streams.advance('s')).toMatchObject({ position: { offset: 4 }, passed: [first, second] })
  expect(streams.advance('s')).toEqual({ position: undefined, passed: [] })
})

it('knows what was taken, delivered or not, with the same routing', () => {
  const streams = new Streams(new Map([['s', { offset: 3, routing: 'g', memo: '' }]]))
  expect(streams.known(originOf(0, 5))).toBe(3)
  streams.add(deliveryOf(originOf(3, 2)))
  expect(streams.known(originOf(0, 7))).toBe(5)
  expect(streams.known(originOf(0, 7, { routing: 'h' }))).toBe(0)
  expect(streams.known(originOf(0, 7, { stream: 't' }))).toBe(0)
})

it('keeps a bounded number of streams: those that moved last and those under way', () => {
  const streams = new Streams(new Map())
  streams.add(deliveryOf(originOf(0, 1, { stream: 'under way' })))
  for (let i = 0; i < STREAMS_MAX + 10; i++) {
    const delivery = deliveryOf(originOf(0, 0, { stream: `${i}` }))
    streams.add(delivery)
    streams.advance(`${i}`)
  }
  expect(streams.taken().size).toBe(STREAMS_MAX)
  expect(streams.taken().has('under way')).toBe(true)
  expect(streams.taken().has('0')).toBe(false)
  expect(streams.taken().has(`${STREAMS_MAX + 9}`)).toBe(true)
})
