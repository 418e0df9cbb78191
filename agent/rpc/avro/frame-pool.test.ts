import { expect, test } from 'vitest'
import { FramePool, POOLED_FRAME_BYTES_MIN } from './frame-pool.ts'

const LARGE = 2 * POOLED_FRAME_BYTES_MIN

test('what was given back is used again for frames of about the size', () => {
  const pool = new FramePool(4 * LARGE)
  const buffer = pool.take(LARGE - 100)
  expect(buffer.length).toBe(LARGE)
  expect(pool.take(LARGE)).not.toBe(buffer)
  pool.give(buffer)
  expect(pool.take(2 * LARGE)).not.toBe(buffer)
  expect(pool.take(LARGE)).toBe(buffer)
})

test('not more is kept than allowed', () => {
  const pool = new FramePool(LARGE)
  const buffers = [pool.take(LARGE), pool.take(LARGE)]
  for (const buffer of buffers) pool.give(buffer)
  expect(pool.take(LARGE)).toBe(buffers[0])
  expect(pool.take(LARGE)).not.toBe(buffers[1])
})

test('small frames are not kept', () => {
  const pool = new FramePool(LARGE)
  const buffer = pool.take(100)
  expect(buffer.length).toBe(100)
  pool.give(buffer)
  expect(pool.take(100)).not.toBe(buffer)
})
