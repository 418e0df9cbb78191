import { expect, test } from 'vitest'
import { FRAME_HEAD_BYTES } from './frame-writer.ts'
import { shakeHands } from './client-handshake.ts'
import { handshakeResponseBytes, readHandshakeRequest } from './handshake.ts'
import type { HandshakeRequest, HandshakeResponse } from './handshake.ts'
import { PROTOCOL_HASH, PROTOCOL_TEXT, protocolHash } from './protocol.ts'
import { PING, readCallHead } from './request.ts'
import { WireReader } from './wire-reader.ts'

const OTHER = JSON.stringify({ ...(JSON.parse(PROTOCOL_TEXT) as object), doc: 'another text' })

function responseOf(match: HandshakeResponse['match'], serverProtocol?: string): HandshakeResponse {
  const serverHash = serverProtocol === undefined ? undefined : protocolHash(serverProtocol)
  return { match, serverProtocol, serverHash, meta: undefined }
}

/** Shakes hands with a server that answers with these, and gives what it was sent. */
async function sentTo(...responses: HandshakeResponse[]): Promise<HandshakeRequest[]> {
  const requests: HandshakeRequest[] = []
  await shakeHands(async (frame) => {
    const reader = new WireReader(frame, FRAME_HEAD_BYTES)
    requests.push(readHandshakeRequest(reader))
    expect(readCallHead(reader).message).toBe(PING)
    return handshakeResponseBytes(responses.shift()!)
  })
  return requests
}

test('a server that knows the protocol is not sent its text', async () => {
  expect(await sentTo(responseOf('BOTH'))).toEqual([
    {
      clientHash: PROTOCOL_HASH,
      clientProtocol: undefined,
      serverHash: PROTOCOL_HASH,
      meta: new Map(),
    },
  ])
})

test('a server with another text of the same protocol is taken as it is', async () => {
  expect(await sentTo(responseOf('CLIENT', OTHER))).toHaveLength(1)
})

test('a server that answers NONE is sent the protocol, once, with its own hash', async () => {
  const [, second] = await sentTo(responseOf('NONE', OTHER), responseOf('BOTH'))
  expect(second).toMatchObject({ clientProtocol: PROTOCOL_TEXT, serverHash: protocolHash(OTHER) })
})

test('a server that answers NONE again is given up', async () => {
  const never = sentTo(responseOf('NONE', OTHER), responseOf('NONE', OTHER))
  await expect(never).rejects.toThrow('does not accept the Avro handshake')
})

test('a server of another protocol is refused before any event is sent', async () => {
  const mail = JSON.stringify({ protocol: 'Mail', messages: { send: { request: [] } } })
  await expect(sentTo(responseOf('CLIENT', mail))).rejects.toThrow('serves another protocol')
})

test('bytes that are no handshake are an error', async () => {
  await expect(shakeHands(async () => Buffer.from('HTTP'))).rejects.toThrow()
})
