import { FRAME_HEAD_BYTES, writeFrameHead } from './frame-writer.ts'
import type { HandshakeResponse } from './handshake.ts'
import { handshakeResponseBytes } from './handshake.ts'
import type { Metadata } from './metadata.ts'
import { NO_METADATA, readMetadata, writeMetadata } from './metadata.ts'
import { malformed } from './wire-error.ts'
import type { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

/**
 *   response = [HandshakeResponse] meta: map<bytes>, error: boolean, Status | [string]
 *
 * The handshake stands before the first one of a connection. After a handshake NONE and after a ping
 * nothing follows it.
 */
export type Answer = Status | { readonly error: string }

const STATUSES = ['OK', 'FAILED', 'UNKNOWN'] as const
export type Status = (typeof STATUSES)[number]

/** Characters of a text that are sent or kept. */
const ERROR_TEXT_MAX = 1024

export interface ResponseOptions {
  readonly serial: number
  /** For the first answer of a connection. */
  readonly handshake?: HandshakeResponse | undefined
  readonly metadata?: Metadata
}

/** A frame with the answer of a call, or with the handshake alone. */
export function responseFrame(answer: Answer | undefined, options: ResponseOptions): Buffer {
  const writer = new WireWriter(64)
  writer.fixed(HEAD)
  if (options.handshake !== undefined) writer.fixed(handshakeResponseBytes(options.handshake))
  if (answer !== undefined) {
    writeMetadata(writer, options.metadata ?? NO_METADATA)
    writeAnswer(writer, answer)
  }
  const frame = writer.result()
  writeFrameHead(frame, options.serial)
  return frame
}

/** What follows the handshake, if any. Throws FLM6101 and FLM6102. */
export function readResponse(reader: WireReader): {
  readonly metadata: Metadata
  readonly answer: Answer
} {
  const metadata = readMetadata(reader)
  const answer = readAnswer(reader)
  if (reader.left > 0) throw malformed(`${reader.left} bytes follow an answer`)
  return { metadata, answer }
}

function readAnswer(reader: WireReader): Answer {
  if (!reader.boolean()) return STATUSES[reader.index(STATUSES.length)]!
  // The errors of a Flume message are a union of one: a string.
  reader.index(1)
  return { error: reader.text().slice(0, ERROR_TEXT_MAX) }
}

function writeAnswer(writer: WireWriter, answer: Answer): void {
  writer.boolean(typeof answer !== 'string')
  if (typeof answer === 'string') writer.long(STATUSES.indexOf(answer))
  else {
    writer.long(0)
    writer.text(answer.error.slice(0, ERROR_TEXT_MAX))
  }
}

const HEAD = Buffer.alloc(FRAME_HEAD_BYTES)
