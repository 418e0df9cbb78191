import { expect, test } from 'vitest'
import { receipt } from '../../core/receipt.ts'
import { InFlight } from './in-flight.ts'

test('a place is free again when the batch is in the channels, or was refused', async () => {
  const rejected: unknown[] = []
  let changes = 0
  const inFlight = new InFlight(2, {
    change: () => changes++,
    rejected: (error) => rejected.push(error),
  })
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  const never = new Promise<void>(() => {})
  inFlight.add(receipt(first.promise, never))
  expect(inFlight.full).toBe(false)
  inFlight.add(receipt(second.promise, never))
  expect(inFlight.full).toBe(true)
  first.resolve()
  await expect.poll(() => inFlight.count).toBe(1)
  const error = new Error('refused')
  second.reject(error)
  await expect.poll(() => inFlight.count).toBe(0)
  expect(rejected).toEqual([error])
  expect(changes).toBe(2)
})
