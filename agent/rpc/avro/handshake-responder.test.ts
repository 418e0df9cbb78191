import { expect, test } from 'vitest'
import { HandshakeResponder } from './handshake-responder.ts'
import { PROTOCOL_HASH, PROTOCOL_TEXT, protocolHash } from './protocol.ts'

const OTHER = JSON.stringify({ ...(JSON.parse(PROTOCOL_TEXT) as object), doc: 'another' })
const WRONG = JSON.stringify({ messages: {} })

function hello(
  clientHash: Buffer,
  options: { readonly clientProtocol?: string; readonly serverHash?: Buffer } = {},
) {
  const { clientProtocol, serverHash = PROTOCOL_HASH } = options
  return { clientHash, clientProtocol, serverHash, meta: undefined }
}

test('BOTH: a client of Flume that knows the server', () => {
  const { client, response } = new HandshakeResponder().answer(hello(PROTOCOL_HASH))
  expect(client).toEqual({ problem: undefined })
  expect(response).toMatchObject({
    match: 'BOTH',
    serverProtocol: undefined,
    serverHash: undefined,
  })
})

test('CLIENT: a client of Flume that takes the server for another', () => {
  const serverHash = Buffer.alloc(16)
  const { client, response } = new HandshakeResponder().answer(hello(PROTOCOL_HASH, { serverHash }))
  expect(client).toEqual({ problem: undefined })
  expect(response).toMatchObject({
    match: 'CLIENT',
    serverProtocol: PROTOCOL_TEXT,
    serverHash: PROTOCOL_HASH,
  })
})

test('NONE: an unknown client, which is known once it has sent its protocol', () => {
  const responder = new HandshakeResponder()
  const hash = protocolHash(OTHER)
  const first = responder.answer(hello(hash))
  expect(first.client).toBeUndefined()
  expect(first.response).toMatchObject({ match: 'NONE', serverProtocol: PROTOCOL_TEXT })
  const second = responder.answer(hello(hash, { clientProtocol: OTHER }))
  expect(second).toMatchObject({ client: { problem: undefined }, response: { match: 'BOTH' } })
  expect(responder.answer(hello(hash)).client).toEqual({ problem: undefined })
})

test('a protocol with other messages is understood and not served', () => {
  const request = hello(protocolHash(WRONG), { clientProtocol: WRONG })
  const { client } = new HandshakeResponder().answer(request)
  expect(client!.problem).toContain('neither append nor appendBatch')
})

test('a protocol under a false name counts for its own connection alone', () => {
  const responder = new HandshakeResponder()
  const hash = protocolHash(OTHER)
  expect(responder.answer(hello(hash, { clientProtocol: WRONG })).client!.problem).toBeTypeOf(
    'string',
  )
  expect(responder.answer(hello(hash)).client).toBeUndefined()
})

test('the oldest of many clients is forgotten', () => {
  const responder = new HandshakeResponder()
  const hashes = Array.from({ length: 65 }, (_, i) => {
    const clientProtocol = JSON.stringify({ doc: i, messages: {} })
    const hash = protocolHash(clientProtocol)
    responder.answer(hello(hash, { clientProtocol }))
    return hash
  })
  expect(responder.answer(hello(hashes[0]!)).client).toBeUndefined()
  expect(responder.answer(hello(hashes[1]!)).client).toBeDefined()
})
