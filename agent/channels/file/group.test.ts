import { expect, test } from 'vitest'
import { batchOf } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import { Group } from './group.ts'
import { PendingAcknowledgements } from './pending.ts'
import { ChannelState } from './state.ts'

const RECORD_BYTES_MAX = 64 * 1024
const always = (): boolean => true
const append = (appended: Batch) => ({ batch: appended, resolve: () => {}, reject: () => {} })

function batch(stream: string, offsets: number[], routing = 'r', to = offsets.at(-1) ?? 0): Batch {
  return batchOf(
    offsets.map((offset) => ({ body: Buffer.from(String(offset)) })),
    { stream, from: 0, to, offsets: Float64Array.from(offsets), memo: '', routing },
  )
}

test('a repeat of a batch that is in the same group is left out of it', () => {
  const state = new ChannelState(10_000)
  const group = new Group(state, 1, RECORD_BYTES_MAX)
  group.add(append(batch('s', [1, 2])), always)
  group.add(append(batch('s', [1, 2, 3])), always)
  expect(group.batches.map((each) => each.batch.count)).toStrictEqual([2, 1])
  expect(group.nextSequence).toBe(3)
  expect(state.nextSequence).toBe(0)
  group.commit()
  expect(state.nextSequence).toBe(3)
  expect(state.positions.get('s')?.offset).toBe(3)
})

test('a bare position behind events of its stream is written with the acknowledgements', () => {
  const group = new Group(new ChannelState(10_000), 1, RECORD_BYTES_MAX)
  group.add(append(batch('s', [1])), always)
  group.add(append(batch('s', [], 'r', 9)), always)
  group.acknowledge(new PendingAcknowledgements())
  expect(group.acknowledgement?.positions).toMatchObject([{ stream: 's', offset: 9 }])
})

test('a bare position before events of its stream does not take the position back', () => {
  const group = new Group(new ChannelState(10_000), 1, RECORD_BYTES_MAX)
  group.add(append(batch('s', [], 'r', 9)), always)
  group.add(append(batch('s', [10])), always)
  group.acknowledge(new PendingAcknowledgements())
  expect(group.acknowledgement).toBeUndefined()
  expect(group.records).toHaveLength(1)
})

test('under another routing a position goes back, and the events are taken again', () => {
  const state = new ChannelState(10_000)
  state.applyBatch(3, { position: { stream: 's', offset: 30, routing: 'old', memo: '' } })
  const group = new Group(state, 1, RECORD_BYTES_MAX)
  group.add(append(batch('s', [10, 20], 'new')), always)
  group.commit()
  expect(state.positions.get('s')).toMatchObject({ offset: 20, routing: 'new' })
  expect(state.nextSequence).toBe(5)
})

test('an append that does not fit changes nothing', () => {
  const group = new Group(new ChannelState(10_000), 1, RECORD_BYTES_MAX)
  group.add(append(batch('s', [1])), always)
  const before = group.bytes
  expect(group.add(append(batch('s', [2])), (bytes) => bytes <= before)).toBe(false)
  expect([group.bytes, group.batches.length, group.nextSequence]).toStrictEqual([before, 1, 1])
})

test('without anything to write the group is empty', () => {
  const state = new ChannelState(10_000)
  state.applyBatch(1, { position: { stream: 's', offset: 10, routing: 'r', memo: '' } })
  const group = new Group(state, 1, RECORD_BYTES_MAX)
  group.add(append(batch('s', [10])), always)
  group.acknowledge(new PendingAcknowledgements())
  expect([group.empty, group.settled.length]).toStrictEqual([true, 1])
})

test('a batch that no record can hold fails alone: those beside it in the group are written', () => {
  const group = new Group(new ChannelState(10_000), 1, RECORD_BYTES_MAX)
  const good = batch('s', [1, 2])
  const headers = (name: string, value: string) => ({
    common: new Map([[name, value]]),
    columns: new Map(),
  })
  const bad: [Batch, string][] = [
    [{ ...good, headers: headers('n'.repeat(65_536), 'v') }, 'FLM9001'],
    [{ ...good, origin: { ...good.origin!, memo: 'é'.repeat(32_768) } }, 'FLM9001'],
    [{ ...good, headers: { common: new Map(), columns: new Map([['h', ['one']]]) } }, 'FLM9001'],
    [{ ...good, ends: good.ends.subarray(1) }, 'FLM9001'],
    [{ ...good, bodies: good.bodies.subarray(1) }, 'FLM9001'],
    [{ ...good, origin: { ...good.origin!, offsets: Float64Array.of(1) } }, 'FLM9001'],
    [{ ...good, headers: headers('h', 'v'.repeat(RECORD_BYTES_MAX)) }, 'FLM2203'],
  ]
  for (const [each] of bad) expect(group.add(append(each), always)).toBe(true)
  group.add(append(good), always)
  expect(group.refused.map(({ error }) => error.code)).toStrictEqual(bad.map(([, code]) => code))
  expect(group.refused.some(({ error }) => error.retryable)).toBe(false)
  expect(group.batches).toHaveLength(1)
})

test('of a sender, a repeat in the same group is left out, what was overtaken is not', () => {
  const state = new ChannelState(10_000)
  const sent = (from: number, to: number): Batch => {
    const offsets = Array.from({ length: to - from }, (_, i) => from + i + 1)
    const each = batch('s', offsets)
    return { ...each, origin: { ...each.origin!, from, floor: 0 } }
  }
  const group = new Group(state, 1, RECORD_BYTES_MAX)
  for (const each of [sent(5, 8), sent(5, 8), sent(0, 6)])
    expect(group.add(append(each), always)).toBe(true)
  expect(group.batches.map((each) => each.batch.count)).toStrictEqual([3, 5])
  expect(group.settled).toHaveLength(1)
  expect(state.senders.get('s')).toBeUndefined()
  group.commit()
  expect(state.senders.get('s')!.runs).toStrictEqual([{ from: 0, to: 8 }])
  const next = new Group(state, 1, RECORD_BYTES_MAX)
  next.add(append(sent(0, 8)), always)
  expect([next.empty, next.settled.length]).toStrictEqual([true, 1])
})
