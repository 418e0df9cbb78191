import { expect, test } from 'vitest'
import {
  BATCH,
  HEADER_BYTES,
  RECORD_HEADER_BYTES,
  decodeRecordHeader,
  decodeSegmentHeader,
  encodeRecordHeader,
  encodeSegmentHeader,
  padding,
  readUint64,
  recordBytes,
  saltOf,
  segmentName,
  segmentNumber,
  streamOf,
  writeUint64,
} from './format.ts'

const header = {
  id: Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
  channelId: Buffer.from('0f1e2d3c4b5a69788796a5b4c3d2e1f0', 'hex'),
  epoch: Buffer.from('0123456789abcdef', 'hex'),
  firstSequence: 2 ** 40 + 7,
  number: 18,
  createdAtMs: 1_795_000_000_123,
}
const record = {
  type: BATCH,
  flags: 1,
  bodyLength: 1000,
  bodyCrc: 0xdeadbeef,
  firstSequence: 2 ** 33 + 1,
  count: 7,
  appendedAtMs: 1_795_000_000_456,
  durableUpTo: 4096,
  offset: 8192,
} as const

test('a segment header is the bytes that FORMAT.md says', () => {
  const bytes = encodeSegmentHeader(header)
  expect(bytes.length).toBe(HEADER_BYTES)
  expect(bytes.subarray(0, 8).toString('latin1')).toBe('FLUMESEG')
  expect(bytes.subarray(8, 80).toString('hex')).toBe(
    '0100000000000000' +
      '00112233445566778899aabbccddeeff' +
      '0f1e2d3c4b5a69788796a5b4c3d2e1f0' +
      '0123456789abcdef' +
      '0700000000010000' +
      '1200000000000000' +
      '00b0e765e51e7a42',
  )
  expect(bytes.subarray(4096)).toStrictEqual(bytes.subarray(0, 128))
  expect(bytes.subarray(128, 4096).every((byte) => byte === 0)).toBe(true)
})

test('a segment header survives damage to either of its copies, not to both', () => {
  for (let at = 0; at < 128; at++) {
    const bytes = encodeSegmentHeader(header)
    bytes[at]! ^= 0x40
    expect(decodeSegmentHeader(bytes)).toStrictEqual(header)
    bytes[at + 4096]! ^= 0x40
    expect(decodeSegmentHeader(bytes)).toBeUndefined()
  }
})

test('a segment header survives the loss of the block it is in', () => {
  const bytes = encodeSegmentHeader(header)
  expect(decodeSegmentHeader(bytes.fill(0, 0, 4096))).toStrictEqual(header)
})

test('a header of a newer version is told from damage', () => {
  expect(decodeSegmentHeader(Buffer.alloc(HEADER_BYTES))).toBeUndefined()
  expect(decodeSegmentHeader(Buffer.alloc(10))).toBeUndefined()
})

test('a record header is the bytes that FORMAT.md says', () => {
  const bytes = Buffer.alloc(RECORD_HEADER_BYTES)
  encodeRecordHeader(bytes, record, saltOf(header))
  expect(bytes.subarray(0, 4).toString('latin1')).toBe('FREC')
  expect(bytes.subarray(8).toString('hex')).toBe(
    '01010000e8030000e8030000efbeadde' +
      '01000000020000000700000000000000' +
      '0080fc65e51e7a420010000000000000' +
      '0020000000000000',
  )
  expect(decodeRecordHeader(bytes, 0, 8192, saltOf(header))).toStrictEqual(record)
})

test('a record header is refused at another place, with another salt, or with any bit flipped', () => {
  const salt = saltOf(header)
  const bytes = Buffer.alloc(RECORD_HEADER_BYTES)
  encodeRecordHeader(bytes, record, salt)
  expect(decodeRecordHeader(bytes, 0, 8200, salt)).toBeUndefined()
  expect(decodeRecordHeader(bytes, 0, 8192, salt + 1)).toBeUndefined()
  expect(decodeRecordHeader(bytes.subarray(0, 63), 0, 8192, salt)).toBeUndefined()
  for (let bit = 0; bit < RECORD_HEADER_BYTES * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    expect(decodeRecordHeader(flipped, 0, 8192, salt)).toBeUndefined()
  }
})

test('records are aligned to eight bytes', () => {
  for (let length = 0; length < 40; length++) {
    expect(recordBytes(length) % 8).toBe(0)
    expect(recordBytes(length)).toBe(64 + length + padding(64 + length))
    expect(padding(length)).toBeLessThan(8)
  }
})

test('numbers up to 2^53 keep every bit', () => {
  const bytes = Buffer.alloc(8)
  for (const value of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
    writeUint64(bytes, value, 0)
    expect(readUint64(bytes, 0)).toBe(value)
    expect(bytes.readBigUInt64LE(0)).toBe(BigInt(value))
  }
})

test('segment names sort as their numbers and nothing else is taken for one', () => {
  expect(segmentName(18)).toBe('0000000000000012.seg')
  expect(segmentNumber('0000000000000012.seg')).toBe(18)
  for (const name of [
    'LOCK',
    '0000000000000012.tmp',
    'reserve-0',
    '12.seg',
    'x0000000000000012.seg',
  ])
    expect(segmentNumber(name)).toBeUndefined()
})

test('the stream of a segment is the channel and the epoch', () => {
  expect(streamOf(header)).toBe('0f1e2d3c4b5a69788796a5b4c3d2e1f0.0123456789abcdef')
})
