import { expect, test } from 'vitest'
import { SimDisk } from '../../test/sim/disk.ts'
import { SeededRandom } from '../../test/sim/random.ts'
import { CHANNEL_RECORD, keepChannelRecord, readChannelRecord } from './channel-record.ts'

const disk = () => new SimDisk({ random: new SeededRandom(1), latency: 'none' })
const plan = { name: 'c', type: 'file', config: { capacity: 5 } }

test('a directory keeps what it was made for, and follows new settings', async () => {
  const on = disk()
  expect(await readChannelRecord(on, '/d/c')).toBeUndefined()
  await keepChannelRecord(on, '/d/c', plan)
  expect(await readChannelRecord(on, '/d/c')).toEqual({ type: 'file', config: { capacity: 5 } })
  const writes = on.counts.write
  await keepChannelRecord(on, '/d/c', plan)
  expect(on.counts.write).toBe(writes)
  await keepChannelRecord(on, '/d/c', { ...plan, config: { capacity: 6 } })
  expect(await readChannelRecord(on, '/d/c')).toEqual({ type: 'file', config: { capacity: 6 } })
})

test('another type is refused, a damaged record too', async () => {
  const on = disk()
  await keepChannelRecord(on, '/d/c', plan)
  const memory = { ...plan, type: 'memory' }
  await expect(keepChannelRecord(on, '/d/c', memory)).rejects.toMatchObject({ code: 'FLM5203' })
  const file = await on.open(`/d/c/${CHANNEL_RECORD}`, 'write')
  await file.write([Buffer.from('?')], 0)
  await file.close()
  await expect(keepChannelRecord(on, '/d/c', plan)).rejects.toMatchObject({ code: 'FLM2102' })
})
