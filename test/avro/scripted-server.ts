import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { decodeAppend, decodeAppendBatch } from '../../agent/rpc/avro/decode-events.ts'
import { DeflateStream } from '../../agent/rpc/avro/deflate-stream.ts'
import { FrameReader } from '../../agent/rpc/avro/frame-reader.ts'
import type { Frame } from '../../agent/rpc/avro/frame-reader.ts'
import { HandshakeResponder } from '../../agent/rpc/avro/handshake-responder.ts'
import { readHandshakeRequest } from '../../agent/rpc/avro/handshake.ts'
import type { Metadata } from '../../agent/rpc/avro/metadata.ts'
import { PROTOCOL_HASH, PROTOCOL_TEXT } from '../../agent/rpc/avro/protocol.ts'
import { PING, readCallHead } from '../../agent/rpc/avro/request.ts'
import { responseFrame } from '../../agent/rpc/avro/response.ts'
import type { Answer } from '../../agent/rpc/avro/response.ts'
import { WireReader } from '../../agent/rpc/avro/wire-reader.ts'
import { eventsOf } from './batches.ts'
import type { PlainEvent } from './batches.ts'

/** A request that arrived. */
export interface ServerCall {
  /** From 0, over all connections. */
  readonly number: number
  /** From 0. */
  readonly connection: number
  readonly serial: number
  readonly metadata: Readonly<Record<string, string>>
  readonly events: readonly PlainEvent[]
}

/** 'silence': never answers; 'close': ends the connection; bytes: are sent as they are. */
export type Reaction = Answer | 'silence' | 'close' | Buffer

export interface ScriptedServerOptions {
  /** What becomes of a request. Default: OK. */
  readonly react?: (call: ServerCall) => Reaction | Promise<Reaction>
  /** 'unknown': knows no client before it sent its protocol; 'never': not even then; 'silence': hangs. */
  readonly handshake?: 'unknown' | 'never' | 'silence'
  /** Sends everything in pieces of so many bytes. */
  readonly pieceBytes?: number
  readonly deflate?: boolean
  /** Where it listens; 127.0.0.1 and a free port if not given. */
  readonly host?: string
  readonly port?: number
  /** TLS, around what deflate makes of the socket. */
  readonly secure?: (below: Duplex) => Duplex
}

/** An Avro source that does as it is told, on a real port. */
export class ScriptedServer {
  readonly calls: ServerCall[] = []
  /** What the server does now; a test may change it at any time. */
  react: (call: ServerCall) => Reaction | Promise<Reaction>
  connections = 0
  port = 0
  readonly #options: ScriptedServerOptions
  readonly #responder = new HandshakeResponder()
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #frozen = false
  #changed = Promise.withResolvers<void>()

  constructor(options: ScriptedServerOptions = {}) {
    this.#options = options
    this.react = options.react ?? (() => 'OK')
    this.port = options.port ?? 0
  }

  static async listening(options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
    const server = new ScriptedServer(options)
    await server.listen()
    return server
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Bodies of all events that arrived, in order. */
  get bodies(): string[] {
    return this.calls.flatMap(({ events }) => events.map(({ body }) => body))
  }

  get openConnections(): number {
    return this.#sockets.size
  }

  /** Listens where it listened before. */
  async listen(): Promise<void> {
    this.#server = createServer((socket) => this.#accept(socket))
    this.#server.listen(this.port, this.#options.host ?? '127.0.0.1')
    await once(this.#server, 'listening')
    this.port = (this.#server.address() as AddressInfo).port
  }

  /** As if its process were killed: connections break, nobody listens. */
  async kill(): Promise<void> {
    const closed = this.#server === undefined ? undefined : once(this.#server, 'close')
    this.#server?.close()
    this.#server = undefined
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await closed
  }

  /** As if its process were stopped: the kernel accepts and receives, nothing is read or answered. */
  freeze(): void {
    this.#frozen = true
    for (const socket of this.#sockets) socket.pause()
  }

  thaw(): void {
    this.#frozen = false
    for (const socket of this.#sockets) socket.resume()
    this.#tell()
  }

  /** Resolves when the condition holds; looked at after every event of the server. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#changed.promise
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  #accept(socket: Socket): void {
    const connection = this.connections++
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#tell()
    })
    const { deflate, secure } = this.#options
    const below = deflate === true ? new DeflateStream(socket, { level: 6 }) : socket
    below.on('error', () => {})
    const stream = secure?.(below) ?? below
    stream.on('error', () => socket.destroy())
    stream.on('close', () => socket.destroy())
    const reader = new FrameReader({ frameBytesMax: 64 * 2 ** 20 })
    const state = { connection, known: false, stream }
    stream.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk)
        for (let frame = reader.next(); frame; frame = reader.next()) void this.#serve(state, frame)
      } catch {
        socket.destroy()
      }
    })
    if (this.#frozen) socket.pause()
    this.#tell()
  }

  async #serve(
    state: { readonly connection: number; known: boolean; readonly stream: Duplex },
    { serial, bytes }: Frame,
  ): Promise<void> {
    const reader = new WireReader(bytes)
    if (!state.known && !this.#shakeHands(state, serial, reader)) return
    const { metadata, message } = readCallHead(reader)
    if (message === PING) return
    const batch = message === 'append' ? decodeAppend(reader) : decodeAppendBatch(reader, 1_000_000)
    const call = {
      number: this.calls.length,
      connection: state.connection,
      serial,
      metadata: textsOf(metadata),
      events: eventsOf(batch),
    }
    this.calls.push(call)
    this.#tell()
    const reaction = await this.react(call)
    if (reaction === 'silence') return
    if (reaction === 'close') state.stream.destroy()
    else if (Buffer.isBuffer(reaction)) this.#send(state.stream, reaction)
    else this.#send(state.stream, responseFrame(reaction, { serial }))
  }

  /** Whether the client is known now; the answer to its ping was sent. */
  #shakeHands(
    state: { known: boolean; readonly stream: Duplex },
    serial: number,
    reader: WireReader,
  ): boolean {
    const { handshake } = this.#options
    const request = readHandshakeRequest(reader)
    if (handshake === 'silence') return false
    const none =
      handshake === 'never' || (handshake === 'unknown' && request.clientProtocol === undefined)
    const response = none
      ? {
          match: 'NONE' as const,
          serverProtocol: PROTOCOL_TEXT,
          serverHash: PROTOCOL_HASH,
          meta: undefined,
        }
      : this.#responder.answer(request).response
    this.#send(state.stream, responseFrame(undefined, { serial, handshake: response }))
    state.known = !none
    return state.known
  }

  #send(stream: Duplex, bytes: Buffer): void {
    if (this.#frozen || stream.destroyed) return
    const size = this.#options.pieceBytes ?? bytes.length
    for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size))
  }
}

function textsOf(metadata: Metadata): Record<string, string> {
  return Object.fromEntries([...metadata].map(([name, value]) => [name, value.toString()]))
}
