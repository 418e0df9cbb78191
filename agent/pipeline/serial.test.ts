import { expect, test } from 'vitest'
import { turns } from '../../test/sim/clock.ts'
import { Serial } from './serial.ts'

test('work runs one at a time and in order, also after a failure', async () => {
  const serial = new Serial()
  const seen: string[] = []
  const first = serial.run(async () => {
    seen.push('first begins')
    await turns(3)
    seen.push('first fails')
    throw new Error('as told')
  })
  const second = serial.run(async () => seen.push('second'))
  await expect(first).rejects.toThrow('as told')
  await second
  expect(seen).toEqual(['first begins', 'first fails', 'second'])
})
