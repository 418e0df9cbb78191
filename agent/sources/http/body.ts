import type { IncomingMessage } from 'node:http'
import { STOPPING, tooLarge, unavailable } from './answer.ts'
import type { Answer } from './answer.ts'
import type { BodyRoom } from './body-room.ts'

/** Room that is taken before the first byte: a client that sends nothing more holds no more. */
const FIRST_BYTES = 64 * 1024

export interface BodyOptions {
  readonly bytesMax: number
  readonly room: BodyRoom
  /** The source is to stop: what has not arrived is not waited for. */
  readonly stopping: AbortSignal
}

/** The body of a request, and the room it takes until `release`. */
export interface Body {
  readonly bytes: Buffer
  release(): void
}

/**
 * Receives the body of a request. Bytes are copied as they come, since a client can make a thousand
 * chunks of a thousand bytes; the room that is taken grows with what was received, not with what was
 * announced. Resolves to undefined when the client went away.
 */
export function receiveBody(
  request: IncomingMessage,
  options: BodyOptions,
): Promise<Body | Answer | undefined> {
  return new Receiver(request, options).done
}

/** The length of the body as announced; undefined when it comes in chunks. */
export function announcedLength(request: IncomingMessage): number | undefined {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers
  if (coding !== undefined) return undefined
  return length === undefined ? 0 : Number(length)
}

export function bodyTooLarge(bytesMax: number): Answer {
  return tooLarge(`the body has more than ${bytesMax} bytes; send fewer events at a time`)
}

class Receiver {
  readonly done: Promise<Body | Answer | undefined>
  readonly #request: IncomingMessage
  readonly #options: BodyOptions
  readonly #announced: number | undefined
  readonly #resolve: (result: Body | Answer | undefined) => void
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0

  constructor(request: IncomingMessage, options: BodyOptions) {
    this.#request = request
    this.#options = options
    this.#announced = announcedLength(request)
    const { promise, resolve } = Promise.withResolvers<Body | Answer | undefined>()
    this.done = promise
    this.#resolve = resolve
    request.on('data', this.#take)
    request.on('end', this.#end)
    request.on('close', this.#gone)
    request.on('error', this.#gone)
    options.stopping.addEventListener('abort', this.#stop)
    if (options.stopping.aborted) this.#stop()
  }

  readonly #take = (chunk: Buffer): void => {
    const length = this.#length + chunk.length
    if (length > this.#options.bytesMax) {
      this.#refuse(bodyTooLarge(this.#options.bytesMax))
    } else if (length > this.#bytes.length && !this.#grow(length)) {
      this.#refuse(unavailable('the source is receiving as much as it can; send the events again'))
    } else {
      chunk.copy(this.#bytes, this.#length)
      this.#length = length
    }
  }

  readonly #end = (): void => {
    const { room } = this.#options
    const held = this.#bytes.length
    let released = false
    this.#settle({
      bytes: this.#bytes.subarray(0, this.#length),
      release: () => {
        if (!released) room.giveBack(held)
        released = true
      },
    })
  }

  readonly #gone = (): void => {
    this.#options.room.giveBack(this.#bytes.length)
    this.#settle(undefined)
  }

  readonly #stop = (): void => this.#refuse(STOPPING)

  #refuse(answer: Answer): void {
    this.#options.room.giveBack(this.#bytes.length)
    this.#settle(answer)
  }

  #settle(result: Body | Answer | undefined): void {
    const request = this.#request
    request.off('data', this.#take)
    request.off('end', this.#end)
    request.off('close', this.#gone)
    this.#options.stopping.removeEventListener('abort', this.#stop)
    this.#bytes = Buffer.alloc(0)
    this.#resolve(result)
  }

  /** Room for `length` bytes at least, doubled each time up to what can still come. */
  #grow(length: number): boolean {
    const most = Math.min(this.#announced ?? Infinity, this.#options.bytesMax)
    const size = Math.min(most, Math.max(length, FIRST_BYTES, 2 * this.#bytes.length))
    if (!this.#options.room.take(size - this.#bytes.length)) return false
    const bytes = Buffer.allocUnsafeSlow(size)
    this.#bytes.copy(bytes, 0, 0, this.#length)
    this.#bytes = bytes
    return true
  }
}
