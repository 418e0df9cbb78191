import { expect, test } from 'vitest'
import { RESERVE_FILES, fileChannelOptions } from './options.ts'

const MI = 2 ** 20

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

test('a reserve file holds the largest checkpoint, and a record is below a quarter of a segment', () => {
  for (const capacity of [8, 32, 64, 1024, 10_240].map((mebibytes) => mebibytes * MI)) {
    const options = fileChannelOptions({ capacity })
    expect(options.reserveFileBytes).toBeGreaterThan(options.positionsBytesMax + 64 * 1024)
    expect(options.batchBytesMax * 4).toBeLessThan(options.segmentBytes)
  }
})
