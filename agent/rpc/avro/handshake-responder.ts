import { protocolProblem } from './foreign-protocol.ts'
import type { HandshakeRequest, HandshakeResponse } from './handshake.ts'
import { PROTOCOL_HASH, PROTOCOL_TEXT, protocolHash } from './protocol.ts'

/** Clients with a protocol of their own that are known at a time; others send it once more. */
const CLIENTS_MAX = 64

/** What is known of a client: it can be served, or why not. */
export interface Client {
  readonly problem: string | undefined
}

export interface HandshakeAnswer {
  readonly response: HandshakeResponse
  /** undefined: match NONE, and the next request begins with a handshake again. */
  readonly client: Client | undefined
}

const FLUME: Client = { problem: undefined }

/** The server's side of handshakes, as Java's Responder answers them, for all connections of a source. */
export class HandshakeResponder {
  /** By hash in hex, the latest last. */
  readonly #clients = new Map<string, Client>()

  answer(request: HandshakeRequest): HandshakeAnswer {
    const client = this.#clientOf(request)
    const knowsUs = request.serverHash.equals(PROTOCOL_HASH)
    const match = client === undefined ? 'NONE' : knowsUs ? 'BOTH' : 'CLIENT'
    const introduction = match === 'BOTH' ? undefined : PROTOCOL_TEXT
    return {
      client,
      response: {
        match,
        serverProtocol: introduction,
        serverHash: introduction === undefined ? undefined : PROTOCOL_HASH,
        meta: undefined,
      },
    }
  }

  #clientOf({ clientHash, clientProtocol }: HandshakeRequest): Client | undefined {
    if (clientHash.equals(PROTOCOL_HASH)) return FLUME
    const hash = clientHash.toString('hex')
    const known = this.#clients.get(hash)
    if (known !== undefined || clientProtocol === undefined) return known
    const client = { problem: protocolProblem(clientProtocol) }
    // Kept for others only under its true name: else one client could speak for another.
    if (clientHash.equals(protocolHash(clientProtocol))) this.#remember(hash, client)
    return client
  }

  #remember(hash: string, client: Client): void {
    if (this.#clients.size >= CLIENTS_MAX) {
      const [oldest] = this.#clients.keys()
      this.#clients.delete(oldest!)
    }
    this.#clients.set(hash, client)
  }
}
