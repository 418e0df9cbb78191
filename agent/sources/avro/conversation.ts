import type { Batch } from '../../core/batch.ts'
import { FlumeError, toFlumeError } from '../../core/errors.ts'
import { decodeAppend, decodeAppendBatch } from '../../rpc/avro/decode-events.ts'
import type { Frame } from '../../rpc/avro/frame-reader.ts'
import type { HandshakeResponse } from '../../rpc/avro/handshake.ts'
import { readHandshakeRequest } from '../../rpc/avro/handshake.ts'
import type { Client, HandshakeResponder } from '../../rpc/avro/handshake-responder.ts'
import type { Metadata } from '../../rpc/avro/metadata.ts'
import type { CallHead } from '../../rpc/avro/request.ts'
import { PING, readCallHead } from '../../rpc/avro/request.ts'
import type { Answer } from '../../rpc/avro/response.ts'
import { responseFrame } from '../../rpc/avro/response.ts'
import { WireReader } from '../../rpc/avro/wire-reader.ts'

export interface ConversationOptions {
  readonly handshakes: HandshakeResponder
  readonly batchEventsMax: number
  /** Resolves to what is answered; rejects when the request itself is wrong. */
  readonly deliver: (batch: Batch, metadata: Metadata) => Promise<Answer>
  readonly send: (frame: Buffer) => void
  readonly onAnswer: (answer: Answer) => void
  /** Why a request was answered with an error; once per connection. */
  readonly onProblem: (error: FlumeError) => void
  /** The last of the requests in flight was answered. */
  readonly onIdle: () => void
}

/** What is said on one connection: handshake, calls and their answers, without the connection. */
export class Conversation {
  readonly #options: ConversationOptions
  #client: Client | undefined
  #open = 0
  #hadProblem = false
  /** Answers that wait for the one with the handshake, which has to be the first. */
  #held: Buffer[] | undefined

  constructor(options: ConversationOptions) {
    this.#options = options
  }

  /** Requests that are not answered yet. */
  get open(): number {
    return this.#open
  }

  /** Throws FLM6101 and FLM6102 when the client is not worth listening to any longer. */
  handle({ serial, bytes }: Frame): void {
    const reader = new WireReader(bytes)
    let handshake: HandshakeResponse | undefined
    if (this.#client === undefined) {
      const { client, response } = this.#options.handshakes.answer(readHandshakeRequest(reader))
      if (client === undefined) {
        this.#options.send(responseFrame(undefined, { serial, handshake: response }))
        return
      }
      this.#client = client
      handshake = response
    }
    const head = readCallHead(reader)
    if (head.message === PING) this.#send(responseFrame(undefined, { serial, handshake }))
    else this.#call(head, reader, { serial, handshake })
  }

  #call(
    head: CallHead,
    reader: WireReader,
    call: { readonly serial: number; readonly handshake: HandshakeResponse | undefined },
  ): void {
    let batch: Batch
    try {
      batch = this.#decode(head.message, reader)
    } catch (thrown) {
      const error = toFlumeError(thrown)
      this.#send(responseFrame(this.#wrong(error), call))
      // What is well formed and only too much does not put the rest in doubt.
      if (error.code === 'FLM6101') throw error
      return
    }
    void this.#deliver(batch, head.metadata, call)
  }

  #decode(message: string, reader: WireReader): Batch {
    const { problem } = this.#client!
    if (problem !== undefined) throw unserved(problem)
    if (message === 'append') return decodeAppend(reader)
    if (message === 'appendBatch') return decodeAppendBatch(reader, this.#options.batchEventsMax)
    throw unserved(`there is no message "${message.slice(0, 64)}"`)
  }

  /** An answer that says what is wrong with a request. */
  #wrong(error: FlumeError): Answer {
    if (!this.#hadProblem) this.#options.onProblem(error)
    this.#hadProblem = true
    const answer = { error: error.message }
    this.#options.onAnswer(answer)
    return answer
  }

  async #deliver(
    batch: Batch,
    metadata: Metadata,
    call: { readonly serial: number; readonly handshake: HandshakeResponse | undefined },
  ): Promise<void> {
    this.#open++
    if (call.handshake !== undefined) this.#held = []
    let answer: Answer
    try {
      answer = await this.#options.deliver(batch, metadata)
      this.#options.onAnswer(answer)
    } catch (thrown) {
      answer = this.#wrong(toFlumeError(thrown))
    }
    const frame = responseFrame(answer, call)
    if (call.handshake === undefined) this.#send(frame)
    else this.#sendFirst(frame)
    this.#open--
    if (this.#open === 0) this.#options.onIdle()
  }

  #send(frame: Buffer): void {
    if (this.#held === undefined) this.#options.send(frame)
    else this.#held.push(frame)
  }

  #sendFirst(frame: Buffer): void {
    const held = this.#held!
    this.#held = undefined
    this.#options.send(frame)
    for (const each of held) this.#options.send(each)
  }
}

function unserved(why: string): FlumeError {
  const message = `answering an Avro RPC client: ${why}; this source serves append and appendBatch of Flume's AvroSourceProtocol`
  return new FlumeError('FLM6104', message, { retryable: false })
}
