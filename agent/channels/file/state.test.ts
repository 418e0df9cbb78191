import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ChannelState } from './state.ts'

test('acknowledged in any order, the floor is the lowest event nobody acknowledged', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(30), fc.nat(5)), { maxLength: 30 }), (ranges) => {
      const state = new ChannelState(1000)
      state.applyBatch(36, undefined)
      const left = new Set(Array.from({ length: 36 }, (_, i) => i))
      for (const [from, length] of ranges) {
        state.acknowledge(from, from + length)
        for (let n = from; n < from + length; n++) left.delete(n)
      }
      expect(state.floor).toBe(Math.min(36, ...left))
      const backlog = state.backlog()
      expect(Array.from({ length: 36 }, (_, n) => n).filter((n) => backlog.has(n))).toStrictEqual([
        ...left,
      ])
    }),
  )
})

test('batches move the sequence and the position of their stream', () => {
  const state = new ChannelState(1000)
  state.applyBatch(3, { position: { stream: 's', offset: 30, routing: 'r', memo: 'm' } })
  state.applyBatch(2, undefined)
  expect(state.nextSequence).toBe(5)
  expect(state.positions.get('s')).toStrictEqual({ offset: 30, routing: 'r', memo: 'm' })
})

test('an acknowledgement carries ranges, states, positions and totals at once', () => {
  const state = new ChannelState(1000)
  state.applyBatch(10, undefined)
  state.applyAcknowledgement({
    ranges: [
      { from: 0, to: 2 },
      { from: 5, to: 6 },
    ],
    lostEvents: 1,
    quarantinedRecords: 2,
    sinkStates: new Map([['out', Buffer.from('x')]]),
    positions: [{ stream: 's', offset: 1, routing: '', memo: '' }],
  })
  expect(state.floor).toBe(2)
  expect(state.acknowledged.ranges()).toStrictEqual([{ from: 5, to: 6 }])
  expect(state.sinkStates.get('out')?.toString()).toBe('x')
  expect(state.positions.get('s')?.offset).toBe(1)
  expect([state.lostEvents, state.quarantinedRecords]).toStrictEqual([1, 2])
})
