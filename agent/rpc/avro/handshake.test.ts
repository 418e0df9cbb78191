import { expect, test } from 'vitest'
import { GOLDEN } from '../../../test/avro/golden.ts'
import type { HandshakeResponse } from './handshake.ts'
import {
  handshakeRequestBytes,
  handshakeResponseBytes,
  readHandshakeRequest,
  readHandshakeResponse,
} from './handshake.ts'
import { PROTOCOL_HASH, PROTOCOL_TEXT } from './protocol.ts'
import { WireReader } from './wire-reader.ts'

test('the request as Java sends it', () => {
  const bytes = Buffer.from(GOLDEN.handshakeRequest, 'hex')
  const request = readHandshakeRequest(new WireReader(bytes))
  expect(request).toEqual({
    clientHash: PROTOCOL_HASH,
    clientProtocol: undefined,
    serverHash: PROTOCOL_HASH,
    meta: new Map(),
  })
  expect(handshakeRequestBytes(request)).toEqual(bytes)
})

test('the response NONE as Java sends it', () => {
  const bytes = handshakeResponseBytes({
    match: 'NONE',
    serverProtocol: PROTOCOL_TEXT,
    serverHash: PROTOCOL_HASH,
    meta: undefined,
  })
  expect(bytes.length).toBe(1356)
  expect(bytes.toString('hex')).toMatch(new RegExp(`^${GOLDEN.handshakeNonePrefix}`))
})

test('what is written is read', () => {
  const request = {
    clientHash: Buffer.alloc(16, 1),
    clientProtocol: '{"ü":1}',
    serverHash: Buffer.alloc(16, 2),
    meta: new Map([['a', Buffer.from('b')]]),
  }
  expect(readHandshakeRequest(new WireReader(handshakeRequestBytes(request)))).toEqual(request)
  const responses: HandshakeResponse[] = [
    { match: 'BOTH', serverProtocol: undefined, serverHash: undefined, meta: undefined },
    { match: 'CLIENT', serverProtocol: 'p', serverHash: PROTOCOL_HASH, meta: new Map() },
  ]
  for (const response of responses)
    expect(readHandshakeResponse(new WireReader(handshakeResponseBytes(response)))).toEqual(
      response,
    )
})

test('a handshake cut short anywhere is refused', () => {
  const bytes = Buffer.from(GOLDEN.handshakeRequest, 'hex')
  for (let length = 0; length < bytes.length; length++)
    expect(() => readHandshakeRequest(new WireReader(bytes.subarray(0, length)))).toThrow(
      expect.objectContaining({ code: 'FLM6101' }),
    )
})
