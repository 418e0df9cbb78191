import type { Duplex } from 'node:stream'
import type { FlumeError } from '../../core/errors.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Call } from './client-call.ts'
import { connectionLost, notAnswered, protocolBroken, withOutcome } from './client-errors.ts'
import { FrameReader } from './frame-reader.ts'
import { writeFrameHead } from './frame-writer.ts'

/** Requests on their way in one connection. */
export const PIPELINE_REQUESTS_MAX = 64
/** Bytes of bodies in them; one larger request goes alone. */
export const PIPELINE_BYTES_MAX = 2 ** 20
/** Answers are a few bytes; errors of a Java server come with its stack. */
const ANSWER_BYTES_MAX = 2 ** 20
/** A timer that is later than this was held up by this process, not by the peer. */
const STOOD_STILL_MS = 50
/** Then answers that came meanwhile have this long to be read. */
const CATCH_UP_MS = 100
/** Serials are int32; 0 is that of the handshake. */
const SERIAL_MAX = 2 ** 31 - 1

export interface ConnectionOptions {
  /** `host:port`, for messages. */
  readonly peer: string
  readonly requestTimeoutMs: number
  readonly clock: Clock
  /** What an answer says; undefined: OK. Throws when it is none. */
  readonly readAnswer: (bytes: Buffer) => FlumeError | undefined
  /** Called once, when the connection is of no further use. */
  readonly onClosed: (error: FlumeError) => void
}

interface Sent {
  readonly events: number
  readonly bytes: number
  resolve(answer: Buffer): void
  reject(error: FlumeError): void
}

/**
 * One connection to a peer. Requests are sent without waiting for the answers to those before
 * (pipelining) and matched to them by serial, in whatever order they come.
 *
 * Every request settles: the oldest one that is not answered has `requestTimeoutMs` from when it was sent
 * or became the oldest. A peer that works through its queue is never cut off for the length of it; one that
 * stopped is found out after that time. Then the connection is destroyed, and nobody knows which of the
 * requests in flight arrived.
 */
export class Connection {
  readonly #socket: Duplex
  readonly #options: ConnectionOptions
  readonly #reader = new FrameReader({ frameBytesMax: ANSWER_BYTES_MAX })
  /** By serial, oldest first. */
  readonly #sent = new Map<number, Sent>()
  #serial = 0
  #events = 0
  #bytes = 0
  #timer: Timer | undefined
  #oldestSinceMs = 0
  #catchingUp = false
  #closed: FlumeError | undefined
  /** Frames of this turn go to the kernel together. */
  #corked = false

  constructor(socket: Duplex, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    const lost = (error: unknown): void =>
      this.#close(connectionLost(options.peer, error, 'unknown'))
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', lost)
    socket.on('end', () => lost(new Error('the peer closed it')))
    socket.on('close', () => lost(new Error('it was closed')))
  }

  /** Why it is of no further use. */
  get closed(): FlumeError | undefined {
    return this.#closed
  }

  get inFlightRequests(): number {
    return this.#sent.size
  }

  get inFlightEvents(): number {
    return this.#events
  }

  get inFlightBytes(): number {
    return this.#bytes
  }

  hasRoom(call: Call): boolean {
    if (this.#closed !== undefined) return false
    if (this.#sent.size === 0) return true
    return this.#sent.size < PIPELINE_REQUESTS_MAX && this.#bytes + call.bytes <= PIPELINE_BYTES_MAX
  }

  /** Resolves when the peer answered OK. Settles always. */
  async send(call: Call): Promise<void> {
    if (this.#closed !== undefined) throw connectionLost(this.#options.peer, this.#closed, 'none')
    const answer = await this.#request(call.frame(), call.events, call.bytes)
    let failure: FlumeError | undefined
    try {
      failure = this.#options.readAnswer(answer)
    } catch (thrown) {
      failure = protocolBroken(this.#options.peer, thrown)
      this.#close(failure)
    }
    if (failure !== undefined) throw failure
  }

  /** Sends a frame that carries no event and resolves with the answer to it. */
  exchange(frame: Buffer): Promise<Buffer> {
    return this.#request(frame, 0, 0)
  }

  /** Ends it; what is in flight rejects for that reason, with an unknown outcome. */
  destroy(reason: FlumeError): void {
    this.#close(withOutcome(reason, 'unknown'))
  }

  #request(frame: Buffer, events: number, bytes: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const serial = this.#serial
      this.#serial = serial === SERIAL_MAX ? 0 : serial + 1
      if (this.#sent.size === 0) this.#startWaiting()
      this.#sent.set(serial, { events, bytes, resolve, reject })
      this.#events += events
      this.#bytes += bytes
      writeFrameHead(frame, serial)
      this.#write(frame)
    })
  }

  #write(frame: Buffer): void {
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    // Room is bounded by what is not answered, so nothing waits for 'drain'.
    this.#socket.write(frame)
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.push(chunk)
      for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) {
        if (this.#closed !== undefined) return
        this.#answered(frame.serial, frame.bytes)
      }
    } catch (thrown) {
      this.#close(protocolBroken(this.#options.peer, thrown))
    }
  }

  #answered(serial: number, bytes: Buffer): void {
    const sent = this.#sent.get(serial)
    if (sent === undefined) throw new Error(`an answer to request ${serial}, which was not made`)
    const oldest = this.#sent.keys().next().value === serial
    this.#sent.delete(serial)
    this.#events -= sent.events
    this.#bytes -= sent.bytes
    if (oldest) this.#oldestSinceMs = this.#options.clock.monotonic()
    sent.resolve(bytes)
  }

  #startWaiting(): void {
    const { clock, requestTimeoutMs } = this.#options
    this.#oldestSinceMs = clock.monotonic()
    this.#timer ??= clock.schedule(() => this.#onTimer(), requestTimeoutMs)
  }

  /** One timer for all requests: it looks at what is oldest when it fires, and goes on from there. */
  #onTimer(): void {
    this.#timer = undefined
    if (this.#sent.size === 0) return
    const { clock, requestTimeoutMs } = this.#options
    const nowMs = clock.monotonic()
    const lateMs = nowMs - (this.#oldestSinceMs + requestTimeoutMs)
    if (lateMs >= 0 && (lateMs < STOOD_STILL_MS || this.#catchingUp)) {
      this.#close(notAnswered(this.#options.peer, requestTimeoutMs))
      return
    }
    // When it was this process that stood still, answers may lie in the socket: they are read first.
    this.#catchingUp = lateMs >= 0
    if (this.#catchingUp) this.#oldestSinceMs = nowMs - requestTimeoutMs + CATCH_UP_MS
    const leftMs = this.#oldestSinceMs + requestTimeoutMs - nowMs
    this.#timer = clock.schedule(() => this.#onTimer(), leftMs)
  }

  #close(error: FlumeError): void {
    if (this.#closed !== undefined) return
    this.#closed = error
    this.#timer?.clear()
    this.#timer = undefined
    this.#socket.destroy()
    const sent = [...this.#sent.values()]
    this.#sent.clear()
    this.#events = 0
    this.#bytes = 0
    for (const each of sent) each.reject(error)
    this.#options.onClosed(error)
  }
}
