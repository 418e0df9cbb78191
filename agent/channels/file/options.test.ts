import { expect, test } from 'vitest'
import { SINK_STATE_BYTES_MAX } from '../../core/channel.ts'
import { RESERVE_FILES, fileChannelOptions } from './options.ts'
import { SENDERS_SHARE } from './state.ts'

const MI = 2 ** 20
const RANGES_BYTES_MAX = 4096 * 16

test('the defaults are those of the design: 64Mi segments, a reserve of 2 %', () => {
  const options = fileChannelOptions({ capacity: 1024 * MI })
  expect(options.segmentBytes).toBe(64 * MI)
  const reserve = options.reserveFileBytes * RESERVE_FILES
  expect(reserve).toBeGreaterThanOrEqual(0.02 * 1024 * MI)
  expect(reserve).toBeLessThan(0.021 * 1024 * MI)
})

test('a small capacity has segments of an eighth and a reserve that leaves room', () => {
  const options = fileChannelOptions({ capacity: 32 * MI })
  expect(options.segmentBytes).toBe(4 * MI)
  expect(options.reserveFileBytes * RESERVE_FILES).toBeLessThanOrEqual(5 * MI)
})

test('a reserve file holds the largest checkpoint, whatever the capacity and the segments', () => {
  for (const capacity of [8, 32, 64, 256, 512, 1024, 10_240].map((mebibytes) => mebibytes * MI)) {
    for (const segmentSize of [undefined, MI, Math.min(1024 * MI, capacity / 4)]) {
      const options = fileChannelOptions({ capacity, segmentSize })
      const most = options.positionsBytesMax * (1 + SENDERS_SHARE) + RANGES_BYTES_MAX
      expect(options.reserveFileBytes).toBeGreaterThan(most + SINK_STATE_BYTES_MAX)
      expect(options.batchBytesMax).toBeLessThan(options.recordBytesMax)
      expect(options.recordBytesMax + most).toBeLessThan(options.segmentBytes)
    }
  }
})
