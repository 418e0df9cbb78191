import { protocolProblem } from './foreign-protocol.ts'
import { handshakeRequestBytes, readHandshakeResponse } from './handshake.ts'
import { PROTOCOL_HASH, PROTOCOL_TEXT } from './protocol.ts'
import { pingFrame } from './request.ts'
import { WireReader } from './wire-reader.ts'

/** NONE is answered with our protocol; a server that then still does not know us never will. */
const ATTEMPTS_MAX = 2

/**
 * The client's side of the handshake, as pings before the first request: what follows needs none, no
 * event waits for it or is sent twice because of it, and a peer that accepts connections but hangs is
 * told from one that works. Throws when the peer cannot be talked to.
 */
export async function shakeHands(exchange: (frame: Buffer) => Promise<Buffer>): Promise<void> {
  let clientProtocol: string | undefined
  let serverHash = PROTOCOL_HASH
  for (let attempt = 1; ; attempt++) {
    const request = { clientHash: PROTOCOL_HASH, clientProtocol, serverHash, meta: new Map() }
    const frame = pingFrame({ serial: 0, handshake: handshakeRequestBytes(request) })
    const response = readHandshakeResponse(new WireReader(await exchange(frame)))
    if (response.serverProtocol !== undefined) {
      const problem = protocolProblem(response.serverProtocol)
      if (problem !== undefined) throw new Error(`the peer serves another protocol: ${problem}`)
    }
    if (response.match !== 'NONE') return
    if (attempt === ATTEMPTS_MAX) throw new Error('the peer does not accept the Avro handshake')
    clientProtocol = PROTOCOL_TEXT
    serverHash = response.serverHash ?? serverHash
  }
}
