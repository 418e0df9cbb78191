import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { AnswerReader } from './avro-frames.ts'

const SILENCE_MS_MAX = 120_000

/** Frames of one connection behind each other, with serials 1, 2, 3, …, and where each ends. */
export interface Frames {
  readonly bytes: Buffer
  readonly ends: readonly number[]
}

export function framesOf(frames: readonly Buffer[]): Frames {
  let at = 0
  return { bytes: Buffer.concat(frames), ends: frames.map((frame) => (at += frame.length)) }
}

/**
 * One connection that sends frames made beforehand and keeps a number of them unanswered: a client
 * that does nothing per event, so that it is not what is measured.
 */
export class AvroClient {
  readonly #socket: Socket
  readonly #frames: Frames
  readonly #reader = new AnswerReader()
  /** When a request was sent, or NaN once it was answered. By serial − 1. */
  readonly #sentAtMs: number[] = []
  #answered = 0
  #end = 0
  #unansweredMax = 1
  #run: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined
  /** How long each answer took. */
  readonly answerMs: number[] = []

  private constructor(socket: Socket, frames: Frames) {
    this.#socket = socket
    this.#frames = frames
    socket.setNoDelay(true)
    socket.setTimeout(SILENCE_MS_MAX, () =>
      this.#fail(new Error(`no answer for ${SILENCE_MS_MAX / 1000} s`)),
    )
    socket.on('data', (chunk) => this.#onData(chunk as Buffer))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  static open(port: number, frames: Frames): Promise<AvroClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new AvroClient(socket, frames))
      })
    })
  }

  /** Sends the next `count` frames; resolves when all are answered, rejects when one is not OK. */
  send(count: number, unansweredMax: number): Promise<void> {
    this.#end = Math.min(this.#frames.ends.length, this.#end + count)
    this.#unansweredMax = unansweredMax
    if (this.#answered === this.#end) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#run = { resolve, reject }
      this.#fill()
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #fill(): void {
    const sent = this.#sentAtMs.length
    // The real Flume takes any request before its first answer for another handshake.
    const unansweredMax = this.#answered === 0 ? 1 : this.#unansweredMax
    const upTo = Math.min(this.#end, this.#answered + unansweredMax)
    if (upTo <= sent) return
    const { bytes, ends } = this.#frames
    this.#socket.write(bytes.subarray(ends[sent - 1] ?? 0, ends[upTo - 1]))
    const nowMs = performance.now()
    for (let i = sent; i < upTo; i++) this.#sentAtMs.push(nowMs)
  }

  #onData(chunk: Buffer): void {
    const nowMs = performance.now()
    try {
      for (const serial of this.#reader.take(chunk)) this.#answer(serial, nowMs)
    } catch (error) {
      this.#fail(error as Error)
      return
    }
    if (this.#answered < this.#end) this.#fill()
    else this.#run?.resolve()
  }

  #answer(serial: number, nowMs: number): void {
    const sentAtMs = this.#sentAtMs[serial - 1]
    if (sentAtMs === undefined || Number.isNaN(sentAtMs)) {
      throw new Error(`an answer to request ${serial}, which nobody waits for`)
    }
    this.#sentAtMs[serial - 1] = Number.NaN
    this.#answered++
    this.answerMs.push(nowMs - sentAtMs)
  }

  #fail(error: Error): void {
    this.#run?.reject(error)
    this.#socket.destroy()
  }
}
