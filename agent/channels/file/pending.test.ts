import { expect, test } from 'vitest'
import { batchOf, bodyAt } from '../../core/batch.ts'
import { PendingAcknowledgements, trim } from './pending.ts'

const totals = { lostEvents: 0, quarantinedRecords: 0 }

function batch(from: number, offsets: number[], routing = 'r') {
  const to = offsets.at(-1)!
  const origin = { stream: 's', from, to, offsets: Float64Array.from(offsets), memo: '', routing }
  return batchOf(
    offsets.map((offset) => ({ body: Buffer.from(String(offset)) })),
    origin,
  )
}

test('events at or below the position are left out, whatever the cut of the batch', () => {
  const known = { offset: 20, routing: 'r', memo: '' }
  const trimmed = trim(batch(0, [10, 20, 30, 40]), known)!
  expect(trimmed.count).toBe(2)
  expect(bodyAt(trimmed, 0).toString()).toBe('30')
  expect(trimmed.origin).toMatchObject({ from: 20, to: 40 })
  expect(trim(batch(0, [10, 20]), known)).toBeUndefined()
  expect(trim(batch(20, [30]), known)?.count).toBe(1)
})

test('the children of one event share its offset and are taken or left together', () => {
  const children = batch(0, [10, 10, 20, 20, 20])
  expect(trim(children, { offset: 10, routing: 'r', memo: '' })?.count).toBe(3)
})

test('after a change of routing nothing is left out: the event may have gone elsewhere', () => {
  const known = { offset: 20, routing: 'other', memo: '' }
  expect(trim(batch(0, [10, 20]), known)?.count).toBe(2)
  expect(trim(batch(0, [10, 20], ''), { offset: 20, routing: '', memo: '' })?.count).toBe(2)
})

test('a batch without origin, or of an unknown stream, is taken whole', () => {
  expect(
    trim(batchOf([{ body: Buffer.from('x') }]), { offset: 9, routing: 'r', memo: '' })?.count,
  ).toBe(1)
  expect(trim(batch(0, [10]), undefined)?.count).toBe(1)
})

test('what could not be written goes in front of what came since, and the newer state wins', async () => {
  const failed = new PendingAcknowledgements()
  failed.addRanges([{ from: 0, to: 5 }])
  failed.setState('out', Buffer.from('old'))
  failed.setState('other', Buffer.from('kept'))
  failed.lostEvents = 2
  const durable = failed.whenDurable()
  const acks = new PendingAcknowledgements()
  acks.addRanges([{ from: 5, to: 7 }])
  acks.setState('out', Buffer.from('new'))
  acks.prepend(failed)
  const record = acks.toRecord(totals, [])
  expect(record.ranges).toStrictEqual([{ from: 0, to: 7 }])
  expect(record.sinkStates.get('out')?.toString()).toBe('new')
  expect(record.sinkStates.get('other')?.toString()).toBe('kept')
  expect(record.lostEvents).toBe(2)
  acks.settle()
  await durable
})

test('acknowledgements that never became durable are refused at the end', async () => {
  const acks = new PendingAcknowledgements()
  expect(acks.empty).toBe(true)
  const durable = acks.whenDurable()
  acks.fail(new Error('closed'))
  await expect(durable).rejects.toThrow('closed')
})

test('acknowledgements in any order do not pile up as one range each', () => {
  const acks = new PendingAcknowledgements()
  for (let n = 0; n < 10_000; n += 2) acks.addRanges([{ from: n, to: n + 1 }])
  expect(acks.rangesCount).toBe(5000)
  for (let n = 9999; n > 0; n -= 2) acks.addRanges([{ from: n, to: n + 1 }])
  expect(acks.toRecord(totals, []).ranges).toStrictEqual([{ from: 0, to: 10_000 }])
})
