import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Batch } from '../../agent/core/batch.ts'
import { FrameReader } from '../../agent/rpc/avro/frame-reader.ts'
import type { HandshakeResponse } from '../../agent/rpc/avro/handshake.ts'
import { handshakeRequestBytes, readHandshakeResponse } from '../../agent/rpc/avro/handshake.ts'
import type { Metadata } from '../../agent/rpc/avro/metadata.ts'
import { PROTOCOL_HASH } from '../../agent/rpc/avro/protocol.ts'
import { appendBatchFrame } from '../../agent/rpc/avro/request.ts'
import type { Answer } from '../../agent/rpc/avro/response.ts'
import { readResponse } from '../../agent/rpc/avro/response.ts'
import { WireReader } from '../../agent/rpc/avro/wire-reader.ts'
import type { PlainEvent } from './batches.ts'
import { batchFrom } from './batches.ts'

export type Wrap = (socket: Socket) => Duplex | Promise<Duplex>

export const HELLO = handshakeRequestBytes({
  clientHash: PROTOCOL_HASH,
  clientProtocol: undefined,
  serverHash: PROTOCOL_HASH,
  meta: undefined,
})

/** A connection on which a test sends what it likes and sees every answer. */
export class AvroClient {
  readonly stream: Duplex
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>
  /** Serials in the order their answers came. */
  readonly answered: number[] = []
  /** Of the first answer. */
  handshake: HandshakeResponse | undefined
  readonly #frames = new FrameReader({ frameBytesMax: 2 ** 20 })
  readonly #answers = new Map<number, PromiseWithResolvers<Answer>>()
  #serial = 0
  #greeted = false
  #isClosed = false

  private constructor(stream: Duplex) {
    this.stream = stream
    stream.on('data', (chunk: Buffer) => this.#read(chunk))
    // A reset is one way in which the source closes a connection.
    stream.on('error', () => {})
    this.closed = new Promise((resolve) => {
      stream.on('close', () => {
        this.#close()
        resolve()
      })
    })
  }

  static async connect(port: number, wrap: Wrap = (socket) => socket): Promise<AvroClient> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new AvroClient(await wrap(socket))
  }

  /** Sends events as one request, and resolves to the answer. */
  send(events: readonly PlainEvent[], metadata?: Metadata): Promise<Answer> {
    return this.sendBatch(batchFrom(events), metadata)
  }

  sendBatch(batch: Batch, metadata?: Metadata): Promise<Answer> {
    const serial = ++this.#serial
    const handshake = this.#greeted ? {} : { handshake: HELLO }
    this.#greeted = true
    const meta = metadata === undefined ? {} : { metadata }
    const answer = this.answerOf(serial)
    this.write(appendBatchFrame(batch, { serial, ...handshake, ...meta }))
    return answer
  }

  /** For a request that is sent by `write`. Rejects when the connection is closed without it. */
  answerOf(serial: number): Promise<Answer> {
    const answer = Promise.withResolvers<Answer>()
    answer.promise.catch(() => {})
    this.#answers.set(serial, answer)
    if (this.#isClosed) answer.reject(new Error('the connection is closed'))
    return answer.promise
  }

  /** The handshake was sent by `write`. */
  greeted(): void {
    this.#greeted = true
  }

  write(bytes: Buffer): void {
    this.stream.write(bytes)
  }

  destroy(): void {
    this.stream.destroy()
  }

  #read(chunk: Buffer): void {
    this.#frames.push(chunk)
    for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
      const reader = new WireReader(frame.bytes)
      this.answered.push(frame.serial)
      if (this.handshake === undefined) this.handshake = readHandshakeResponse(reader)
      if (reader.left > 0) this.#answers.get(frame.serial)?.resolve(readResponse(reader).answer)
    }
  }

  #close(): void {
    this.#isClosed = true
    for (const { reject } of this.#answers.values()) reject(new Error('the connection is closed'))
  }
}
