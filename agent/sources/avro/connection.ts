import type { Duplex } from 'node:stream'
import type { FlumeError } from '../../core/errors.ts'
import { toFlumeError } from '../../core/errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { FrameReader } from '../../rpc/avro/frame-reader.ts'
import type { Budget, Reader } from './budget.ts'
import { Conversation } from './conversation.ts'
import type { ConversationOptions } from './conversation.ts'

export interface ConnectionOptions extends Pick<
  ConversationOptions,
  'handshakes' | 'batchEventsMax' | 'deliver' | 'onAnswer' | 'onProblem'
> {
  readonly frameBytesMax: number
  /** For one message to arrive, pauses of ours not counted, and for answers to be read. */
  readonly requestTimeoutMs: number
  /** Without a request in the meantime. */
  readonly idleTimeoutMs: number | undefined
  readonly clock: Clock
  readonly budget: Budget
  /** The connection is closed because of what the client sent. Called at most once. */
  readonly onBad: (error: FlumeError) => void
}

/** How long a client has to read the last answers and to close. */
const LINGER_MS = 5000

/**
 * One client: reads messages as long as the budget allows and the client reads the answers, and
 * answers requests in the order they are done.
 */
export class Connection implements Reader {
  readonly #stream: Duplex
  readonly #options: ConnectionOptions
  readonly #frames: FrameReader
  readonly #conversation: Conversation
  /** Takes nothing more; what is in flight is still answered. Later by what that takes. */
  #endingAtMs: number | undefined
  #closed = false
  #pausedAtMs: number | undefined
  /** Since when the client has not read its answers. */
  #stuckAtMs: number | undefined
  /** Answers that are ready and not written yet. */
  readonly #answers: Buffer[] = []
  /** When the message that is being received began, later by the pauses. */
  #messageAtMs: number | undefined
  #lastMessageAtMs: number

  constructor(stream: Duplex, options: ConnectionOptions) {
    this.#stream = stream
    this.#options = options
    this.#frames = new FrameReader(options)
    this.#lastMessageAtMs = options.clock.monotonic()
    this.#conversation = new Conversation({
      ...options,
      send: (frame) => this.#send(frame),
      onIdle: () => this.#finish(),
    })
    stream.on('data', (chunk: Buffer) => this.#take(chunk))
    stream.on('drain', () => this.#drained())
    stream.on('error', (error) => this.#failed(error))
    stream.on('close', () => this.#close())
  }

  /** Reads on, if it waits and may. */
  resume(): void {
    if (this.#pausedAtMs === undefined || this.#isEnding) return
    const { clock } = this.#options
    if (this.#messageAtMs !== undefined) this.#messageAtMs += clock.monotonic() - this.#pausedAtMs
    this.#pausedAtMs = undefined
    if (this.#work()) this.#stream.resume()
  }

  /** Gives up a client that takes too long. To be called now and then. */
  check(nowMs: number): void {
    const { requestTimeoutMs, idleTimeoutMs = Infinity } = this.#options
    const isLate = (sinceMs: number | undefined): boolean =>
      sinceMs !== undefined && nowMs - sinceMs >= requestTimeoutMs
    if (isLate(this.#stuckAtMs)) this.destroy()
    else if (this.#isEnding) {
      if (this.#conversation.open === 0 && nowMs - this.#endingAtMs! >= LINGER_MS) this.destroy()
    } else if (this.#pausedAtMs === undefined) {
      const isIdle = nowMs - this.#lastMessageAtMs >= idleTimeoutMs
      if (isLate(this.#messageAtMs) || (isIdle && this.#conversation.open === 0)) this.end()
    }
  }

  /**
   * Takes nothing more, and closes when all that is in flight was answered. What still comes is read and
   * thrown away: closing over it would take the last answers from the client.
   */
  end(): void {
    if (this.#isEnding) return
    this.#endingAtMs = this.#options.clock.monotonic()
    this.#options.budget.leave(this)
    this.#stream.resume()
    this.#finish()
  }

  destroy(): void {
    this.#stream.destroy()
    this.#close()
  }

  #drained(): void {
    this.#stuckAtMs = undefined
    this.resume()
  }

  get #isEnding(): boolean {
    return this.#endingAtMs !== undefined
  }

  #take(chunk: Buffer): void {
    if (this.#isEnding) return
    this.#frames.push(chunk)
    this.#work()
  }

  /** Handles the messages that came. Whether to read on: else `resume` is called when there is room. */
  #work(): boolean {
    try {
      while (!this.#mustWait()) if (!this.#handleNext()) return !this.#mustWait()
    } catch (thrown) {
      this.#options.onBad(toFlumeError(thrown))
      this.end()
    }
    return false
  }

  #handleNext(): boolean {
    const { budget, clock } = this.#options
    const frame = this.#frames.next()
    budget.hold(this, this.#frames.bytesHeld)
    if (frame === undefined) {
      if (this.#frames.inFrame) this.#messageAtMs ??= clock.monotonic()
      return false
    }
    this.#messageAtMs = undefined
    this.#lastMessageAtMs = clock.monotonic()
    this.#conversation.handle(frame)
    return true
  }

  #mustWait(): boolean {
    const { budget, clock } = this.#options
    const hasRoom = budget.mayRead(this)
    if (hasRoom && !this.#stream.writableNeedDrain) return false
    if (hasRoom) this.#stuckAtMs ??= clock.monotonic()
    else budget.wait(this)
    this.#pausedAtMs ??= clock.monotonic()
    this.#stream.pause()
    return true
  }

  /** Answers that are ready together travel together: a system call costs more than copying them. */
  #send(frame: Buffer): void {
    if (this.#closed) return
    this.#answers.push(frame)
    if (this.#answers.length > 1) return
    process.nextTick(() => this.#flush())
  }

  #flush(): void {
    const answers = this.#answers.splice(0)
    if (answers.length === 0 || this.#closed) return
    this.#stream.write(answers.length === 1 ? answers[0]! : Buffer.concat(answers))
  }

  #finish(): void {
    if (!this.#isEnding || this.#closed || this.#conversation.open > 0) return
    this.#endingAtMs = this.#options.clock.monotonic()
    this.#flush()
    this.#stream.end()
  }

  /** Of the network it is no fault of the client: it may just have gone. */
  #failed(thrown: Error): void {
    const error = toFlumeError(thrown)
    if (error.code === 'FLM6101' && !this.#isEnding) this.#options.onBad(error)
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#options.budget.leave(this)
  }
}
