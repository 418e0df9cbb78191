import { expect, test } from 'vitest'
import { GOLDEN } from '../../../test/avro/golden.ts'
import { FrameReader } from './frame-reader.ts'
import type { HandshakeResponse } from './handshake.ts'
import { readHandshakeResponse } from './handshake.ts'
import { readResponse, responseFrame } from './response.ts'
import { WireReader } from './wire-reader.ts'

const BOTH: HandshakeResponse = {
  match: 'BOTH',
  serverProtocol: undefined,
  serverHash: undefined,
  meta: undefined,
}

function messageOf(frame: Buffer): WireReader {
  const frames = new FrameReader({ frameBytesMax: 2 ** 20 })
  frames.push(frame)
  return new WireReader(frames.next()!.bytes)
}

test('answers as Flume gives them, byte by byte', () => {
  const hex = (frame: Buffer) => frame.toString('hex')
  expect(hex(responseFrame('OK', { serial: 1, handshake: BOTH }))).toBe(GOLDEN.firstOk)
  expect(hex(responseFrame('OK', { serial: 2 }))).toBe(GOLDEN.ok)
  expect(hex(responseFrame('FAILED', { serial: 2 }))).toBe(GOLDEN.failed)
  expect(hex(responseFrame({ error: 'x' }, { serial: 2 }))).toBe(GOLDEN.systemErrorX)
})

test('answers are read as they were written', () => {
  const answers = ['OK', 'FAILED', 'UNKNOWN', { error: 'no such message' }] as const
  for (const answer of answers) {
    const reader = messageOf(responseFrame(answer, { serial: 1, handshake: BOTH }))
    expect(readHandshakeResponse(reader)).toEqual(BOTH)
    expect(readResponse(reader)).toEqual({ metadata: new Map(), answer })
  }
})

test('after a ping and after NONE nothing follows the handshake', () => {
  const reader = messageOf(responseFrame(undefined, { serial: 1, handshake: BOTH }))
  readHandshakeResponse(reader)
  expect(reader.left).toBe(0)
})

test('answers cut short, too long or with an unknown status are refused', () => {
  for (const hex of ['', '00', '0000', '000006', '00000000', '000102', '00010006', '000200'])
    expect(() => readResponse(new WireReader(Buffer.from(hex, 'hex'))), hex).toThrow(
      expect.objectContaining({ code: 'FLM6101' }),
    )
})

test('the text of an error is cut to what a log line can hold', () => {
  const reader = messageOf(responseFrame({ error: 'e'.repeat(5000) }, { serial: 1 }))
  expect(readResponse(reader).answer).toEqual({ error: 'e'.repeat(1024) })
})
