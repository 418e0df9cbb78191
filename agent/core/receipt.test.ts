import { expect, test } from 'vitest'
import { allReceipts, receipt } from './receipt.ts'

test('a receipt of several holds when it holds for all', async () => {
  const slow = Promise.withResolvers<void>()
  const all = allReceipts([
    receipt(Promise.resolve(), slow.promise),
    receipt(Promise.resolve(), Promise.resolve()),
  ])
  await all.accepted
  let safe = false
  const waiting = all.safe.then(() => (safe = true))
  await new Promise(setImmediate)
  expect(safe).toBe(false)
  slow.resolve()
  await waiting
})

test('one failure fails all of them, and a failure nobody waits for ends nothing', async () => {
  const failed = Promise.reject(new Error('full'))
  const all = allReceipts([receipt(Promise.resolve(), failed), receipt(failed, failed)])
  await expect(all.accepted).rejects.toThrow('full')
  await expect(all.safe).rejects.toThrow('full')
})
