import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Frame } from './frame-reader.ts'
import { FRAME_BUFFERS_MAX, FrameReader } from './frame-reader.ts'
import { FRAME_HEAD_BYTES, writeFrameHead } from './frame-writer.ts'
import { GOLDEN } from '../../../test/avro/golden.ts'

const KIB = 1024

function read(chunks: readonly Buffer[], frameBytesMax = 64 * KIB): Frame[] {
  const reader = new FrameReader({ frameBytesMax })
  const frames: Frame[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame)
    expect(reader.bytesHeld).toBeLessThanOrEqual(frameBytesMax)
  }
  return frames
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** A frame in buffers of the sizes given. */
function frameIn(serial: number, buffers: readonly Uint8Array[]): Buffer {
  return Buffer.concat([
    int(serial),
    int(buffers.length),
    ...buffers.flatMap((buffer) => [int(buffer.length), buffer]),
  ])
}

const message = fc.record({
  serial: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  buffers: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }),
})

test('messages come out whole, however they are cut into buffers and chunks', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (messages, cuts) => {
        const bytes = Buffer.concat(messages.map((each) => frameIn(each.serial, each.buffers)))
        const chunks: Buffer[] = []
        for (let at = 0, k = 0; at < bytes.length; k++) {
          const length = cuts[k % cuts.length]!
          chunks.push(bytes.subarray(at, at + length))
          at += length
        }
        const expected = messages.map((each) => ({
          serial: each.serial,
          bytes: Buffer.concat(each.buffers),
        }))
        expect(read(chunks)).toEqual(expected)
      },
    ),
  )
})

test('an answer of Java in three buffers, the first of them empty', () => {
  expect(read([Buffer.from(GOLDEN.okInThreeBuffers, 'hex')])).toEqual([
    { serial: 2, bytes: Buffer.from('000000', 'hex') },
  ])
})

test('a frame that is written is read', () => {
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + 3, 'x')
  writeFrameHead(frame, 7)
  expect(read([frame])).toEqual([{ serial: 7, bytes: Buffer.from('xxx') }])
})

test('the bytes of a message are not those of the chunk', () => {
  const chunk = frameIn(1, [Buffer.from('abc')])
  const [frame] = read([chunk])
  chunk.fill(0)
  expect(frame!.bytes.toString()).toBe('abc')
})

test('a message above the bound is refused when its length is known, in one or in many buffers', () => {
  const refused = expect.objectContaining({ code: 'FLM6102' })
  expect(() => read([frameIn(1, [Buffer.alloc(KIB + 1)])], KIB)).toThrow(refused)
  expect(() => read([frameIn(1, [Buffer.alloc(KIB), Buffer.alloc(1)])], KIB)).toThrow(refused)
  expect(() => read([Buffer.concat([int(1), int(1), int(2 ** 31 - 1)])], KIB)).toThrow(refused)
  expect(read([frameIn(1, [Buffer.alloc(KIB - 1), Buffer.alloc(1)])], KIB)).toHaveLength(1)
})

test('negative lengths and counts, and too many buffers, are refused', () => {
  expect(() => read([Buffer.concat([int(1), int(-1)])])).toThrow(
    expect.objectContaining({ code: 'FLM6101' }),
  )
  expect(() => read([Buffer.concat([int(1), int(1), int(-5)])])).toThrow(
    expect.objectContaining({ code: 'FLM6101' }),
  )
  expect(() => read([Buffer.concat([int(1), int(FRAME_BUFFERS_MAX + 1)])])).toThrow(
    expect.objectContaining({ code: 'FLM6102' }),
  )
})

test('a length alone allocates nothing that matters', () => {
  const reader = new FrameReader({ frameBytesMax: 2 ** 30 })
  reader.push(Buffer.concat([int(1), int(1), int(2 ** 30), Buffer.alloc(1)]))
  expect(reader.next()).toBeUndefined()
  expect(reader.inFrame).toBe(true)
  expect(reader.bytesHeld).toBeLessThanOrEqual(64 * KIB)
})

test('a small message after a large one does not keep the memory of a large one', () => {
  const frames = read([
    frameIn(1, [Buffer.alloc(40 * KIB)]),
    frameIn(2, [Buffer.alloc(KIB), Buffer.alloc(3 * KIB)]),
  ])
  expect(frames[1]!.bytes.buffer.byteLength).toBeLessThanOrEqual(8 * KIB)
})
