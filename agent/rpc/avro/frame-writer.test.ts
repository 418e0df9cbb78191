import { expect, test } from 'vitest'
import { FRAME_HEAD_BYTES, writeFrameHead } from './frame-writer.ts'

test('serial, one buffer, its length', () => {
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + 300)
  writeFrameHead(frame, -2)
  expect(frame.subarray(0, FRAME_HEAD_BYTES).toString('hex')).toBe('fffffffe000000010000012c')
})
