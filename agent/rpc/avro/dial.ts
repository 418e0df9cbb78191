import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FlumeError } from '../../core/errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { shakeHands } from './client-handshake.ts'
import { refused, unreachable } from './client-errors.ts'
import { openSocket } from './client-socket.ts'
import { Connection } from './connection.ts'
import type { Dial } from './endpoint.ts'
import { readResponse } from './response.ts'
import { WireReader } from './wire-reader.ts'

export interface DialOptions {
  readonly host: string
  readonly port: number
  /** Until the handshake of Avro is done: name, TCP, TLS and all. */
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly clock: Clock
  /** Puts TLS and compression around the socket. What it returns destroys the socket with itself. */
  readonly wrap: (socket: Socket, signal: AbortSignal) => Promise<Duplex>
}

/** Makes connections to one peer, ready for requests. They reject with FLM4301 alone. */
export function dialer(options: DialOptions): Dial {
  const peer = addressOf(options)
  return async (ending, onClosed) => {
    const { clock, connectTimeoutMs } = options
    const deadline = new AbortController()
    const timer = clock.schedule(() => {
      deadline.abort(new Error(`it was not ready within ${connectTimeoutMs} ms`))
    }, connectTimeoutMs)
    try {
      return await open(options, AbortSignal.any([ending, deadline.signal]), onClosed)
    } catch (thrown) {
      throw unreachable(peer, thrown)
    } finally {
      timer.clear()
    }
  }
}

/** `host:port`, with brackets where the host is an IPv6 address. */
export function addressOf({
  host,
  port,
}: {
  readonly host: string
  readonly port: number
}): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

async function open(
  options: DialOptions,
  signal: AbortSignal,
  onClosed: (error: FlumeError) => void,
): Promise<Connection> {
  const { host, port, clock, requestTimeoutMs, connectTimeoutMs } = options
  const socket = await openSocket({ host, port, clock, timeoutMs: connectTimeoutMs }, signal)
  const peer = addressOf(options)
  let ready = false
  let stream: Duplex
  try {
    stream = await options.wrap(socket, signal)
  } catch (thrown) {
    socket.destroy()
    throw thrown
  }
  const connection = new Connection(stream, {
    peer,
    clock,
    requestTimeoutMs,
    readAnswer: (bytes) => failureOf(peer, bytes),
    onClosed: (error) => {
      if (ready) onClosed(error)
    },
  })
  const abort = (): void => connection.destroy(unreachable(peer, signal.reason))
  signal.addEventListener('abort', abort)
  try {
    if (signal.aborted) abort()
    await shakeHands((frame) => connection.exchange(frame))
    if (connection.closed !== undefined) throw connection.closed
    ready = true
    return connection
  } catch (thrown) {
    connection.destroy(unreachable(peer, thrown))
    throw signal.aborted ? signal.reason : thrown
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Whatever the peer says instead of OK, a part of the events may be in one of its channels. */
function failureOf(peer: string, bytes: Buffer): FlumeError | undefined {
  const { answer } = readResponse(new WireReader(bytes))
  if (answer === 'OK') return undefined
  return refused(peer, typeof answer === 'string' ? answer : `the error "${answer.error}"`)
}
