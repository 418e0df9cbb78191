import type { Metadata } from './metadata.ts'
import { readMetadata, writeMetadata } from './metadata.ts'
import type { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

/**
 * The handshake stands before the first request of a connection, and before its answer:
 *
 *   HandshakeRequest  = clientHash: fixed 16, clientProtocol: null | string, serverHash: fixed 16,
 *                       meta: null | map<bytes>
 *   HandshakeResponse = match: BOTH | CLIENT | NONE, serverProtocol: null | string,
 *                       serverHash: null | fixed 16, meta: null | map<bytes>
 *
 * NONE: the server does not know the client's hash. The call was not made, and the client sends it
 * again with its protocol. CLIENT: the server knows the client, the client does not know the server.
 */
export interface HandshakeRequest {
  readonly clientHash: Buffer
  readonly clientProtocol: string | undefined
  readonly serverHash: Buffer
  readonly meta: Metadata | undefined
}

export interface HandshakeResponse {
  readonly match: HandshakeMatch
  readonly serverProtocol: string | undefined
  readonly serverHash: Buffer | undefined
  readonly meta: Metadata | undefined
}

const MATCHES = ['BOTH', 'CLIENT', 'NONE'] as const
export type HandshakeMatch = (typeof MATCHES)[number]

export const HASH_BYTES = 16

export function readHandshakeRequest(reader: WireReader): HandshakeRequest {
  return {
    clientHash: Buffer.from(reader.fixed(HASH_BYTES)),
    clientProtocol: optional(reader, () => reader.text()),
    serverHash: Buffer.from(reader.fixed(HASH_BYTES)),
    meta: optional(reader, () => readMetadata(reader)),
  }
}

export function handshakeRequestBytes(request: HandshakeRequest): Buffer {
  const writer = new WireWriter()
  writer.fixed(request.clientHash)
  writeOptional(writer, request.clientProtocol, (text) => writer.text(text))
  writer.fixed(request.serverHash)
  writeOptional(writer, request.meta, (meta) => writeMetadata(writer, meta))
  return writer.result()
}

export function readHandshakeResponse(reader: WireReader): HandshakeResponse {
  return {
    match: MATCHES[reader.index(MATCHES.length)]!,
    serverProtocol: optional(reader, () => reader.text()),
    serverHash: optional(reader, () => Buffer.from(reader.fixed(HASH_BYTES))),
    meta: optional(reader, () => readMetadata(reader)),
  }
}

export function handshakeResponseBytes(response: HandshakeResponse): Buffer {
  const writer = new WireWriter()
  writer.long(MATCHES.indexOf(response.match))
  writeOptional(writer, response.serverProtocol, (text) => writer.text(text))
  writeOptional(writer, response.serverHash, (hash) => writer.fixed(hash))
  writeOptional(writer, response.meta, (meta) => writeMetadata(writer, meta))
  return writer.result()
}

/** null | T */
function optional<T>(reader: WireReader, read: () => T): T | undefined {
  return reader.index(2) === 0 ? undefined : read()
}

function writeOptional<T>(
  writer: WireWriter,
  value: T | undefined,
  write: (value: T) => void,
): void {
  writer.long(value === undefined ? 0 : 1)
  if (value !== undefined) write(value)
}
