import { expect, test } from 'vitest'
import { AnswerReader, requestFrame, varint } from './avro-frames.ts'

/** Golden bytes of Flume's own client and server. */
const EVENT = { headers: [['k', 'v'] as const], body: Buffer.from('hi') }

test('lengths are zigzag varints', () => {
  expect([0, 1, 63, 64, 2 ** 20].map((value) => varint(value).toString('hex'))).toEqual([
    '00',
    '02',
    '7e',
    '8001',
    '80808001',
  ])
})

test('the first request of a connection is that of Flume', () => {
  expect(requestFrame(1, [EVENT], { first: true, single: true }).toString('hex')).toBe(
    '00000001000000010000003486aadae2c45474c0fe93ffd0f2350a650086aadae2c45474c0fe93ffd0f2350a65' +
      '0200000c617070656e6402026b027600046869',
  )
})

test('a later request with an event without headers and body', () => {
  const events = [EVENT, { headers: [], body: Buffer.alloc(0) }]
  expect(requestFrame(3, events, { first: false }).toString('hex')).toBe(
    '00000003000000010000001a0016617070656e6442617463680402026b027600046869000000',
  )
})

test('answers are taken from bytes cut anywhere, in one buffer or three', () => {
  const bytes = Buffer.from(
    '00000001000000010000000700000000000000' +
      '00000002000000030000000000000001000000000200' +
      '00',
    'hex',
  )
  for (let cut = 0; cut <= bytes.length; cut++) {
    const reader = new AnswerReader()
    expect([...reader.take(bytes.subarray(0, cut)), ...reader.take(bytes.subarray(cut))]).toEqual([
      1, 2,
    ])
  }
})

test.each(['000000020000000100000003000002', '0000000200000001000000050001000278'])(
  'an answer that is not OK is an error: %s',
  (hex) => {
    expect(() => new AnswerReader().take(Buffer.from(hex, 'hex'))).toThrow(/request 2/)
  },
)
