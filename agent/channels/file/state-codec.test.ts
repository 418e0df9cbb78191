import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ChannelState } from './state.ts'
import {
  decodeAcknowledgement,
  decodeCheckpoint,
  encodeAcknowledgement,
  encodeCheckpoint,
} from './state-codec.ts'

const position = fc
  .tuple(fc.string({ minLength: 1 }), fc.maxSafeNat(), fc.string({ maxLength: 16 }), fc.string())
  .map(([stream, offset, routing, memo]) => ({ stream, offset, routing, memo }))
const states = fc.dictionary(fc.string({ minLength: 1 }), fc.uint8Array({ maxLength: 400 }))
const ranges = fc.array(
  fc.tuple(fc.nat(1000), fc.nat(9)).map(([from, n]) => ({ from, to: from + n })),
)

test('an acknowledgement comes back from its record', () => {
  fc.assert(
    fc.property(ranges, states, fc.array(position), (some, saved, positions) => {
      const ack = {
        ranges: some,
        lostEvents: 3,
        quarantinedRecords: 4,
        sinkStates: new Map(
          Object.entries(saved).map(([name, bytes]) => [name, Buffer.from(bytes)]),
        ),
        positions,
      }
      expect(decodeAcknowledgement(encodeAcknowledgement(ack))).toStrictEqual(ack)
    }),
  )
})

test('a checkpoint holds the whole state', () => {
  fc.assert(
    fc.property(ranges, states, fc.array(position), (some, saved, positions) => {
      const state = new ChannelState(1_000_000)
      state.nextSequence = 2000
      for (const { from, to } of some) state.acknowledge(from, to)
      for (const [name, bytes] of Object.entries(saved))
        state.sinkStates.set(name, Buffer.from(bytes))
      for (const { stream, ...rest } of positions) state.positions.set(stream, rest)
      for (const { from, to } of some)
        state.senders.take(`sender ${to % 3}`, { from, to, floor: 0, routing: 'r' })
      state.lostEvents = 1
      state.quarantinedRecords = 2
      const segment = {
        number: 7,
        firstSequence: 100,
        endSequence: 2000,
        endOffset: 4096,
        payloadBytes: 3000,
        firstAppendedAtMs: 1_795_000_000_000,
      }
      const back = decodeCheckpoint(encodeCheckpoint({ state, segments: [segment] }), 1_000_000)
      expect(back.segments).toStrictEqual([segment])
      expect(back.state.backlog().ranges()).toStrictEqual(state.backlog().ranges())
      expect(back.state.nextSequence).toBe(2000)
      expect(back.state.floor).toBe(state.floor)
      expect(back.state.sinkStates).toStrictEqual(state.sinkStates)
      expect([...back.state.positions.entries()]).toStrictEqual([...state.positions.entries()])
      const senders = (of: ChannelState) =>
        [...of.senders.entries()].map(([name, { floor, routing, runs }]) => [
          name,
          floor,
          routing,
          runs,
        ])
      expect(senders(back.state)).toStrictEqual(senders(state))
      expect([back.state.lostEvents, back.state.quarantinedRecords]).toStrictEqual([1, 2])
    }),
  )
})
