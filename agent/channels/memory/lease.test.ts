import { expect, it } from 'vitest'
import { batchOf } from '../../core/batch.ts'
import { Delivery } from './delivery.ts'
import { MemoryLease } from './lease.ts'

it('counts its events and bytes, and ends once', async () => {
  const batch = batchOf([{ body: Buffer.from('aa') }, { body: Buffer.from('bbb') }])
  const delivery = new Delivery({ ...batch, ids: { stream: 'c', first: 0 } }, false)
  const lease: MemoryLease = new MemoryLease([{ delivery, from: 0, to: 2 }], 0, {
    ack: async () => lease.end(),
    split: () => [lease, lease],
    release: () => lease.end(),
  })
  expect([lease.events, lease.bytes]).toEqual([2, 5])
  expect(lease.batches[0]!.ids).toEqual({ stream: 'c', first: 0, floor: 0 })
  await lease.ack()
  await expect(lease.ack()).rejects.toMatchObject({ code: 'FLM9001' })
  expect(() => lease.release()).toThrow('ended twice')
})
