import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isNativeError } from 'node:util/types'
import type { Clock } from '../../agent/lib/clock.ts'
import { KubeError } from './errors.ts'
import type { KubeMetrics } from './metrics.ts'
import type { ApiServer } from './server.ts'

/** Connections for calls; a call that finds all in use waits, within its time-out. */
const SOCKETS_MAX = 32
const FREE_SOCKETS_MAX = 8
/** An idle connection is closed before the API server does it (90 s), as then no request can cross it. */
const FREE_SOCKET_MS = 30_000
const TCP_KEEP_ALIVE_MS = 30_000
/** Until the answer to a watch begins. */
export const OPEN_TIMEOUT_MS = 30_000
/** No page of a list comes near it. */
const ANSWER_BYTES_MAX = 128 * 1024 * 1024

export interface TransportOptions {
  readonly server: ApiServer
  /** As in `flume-operator/1.2.3`. */
  readonly userAgent: string
  readonly clock: Clock
  readonly metrics: KubeMetrics
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With the query. */
  readonly path: string
  /** What is tried on what, for messages: `apply StatefulSet logs/hub`. */
  readonly tried: string
  /** The same for the metrics. */
  readonly labels: { readonly verb: string; readonly kind: string }
  readonly body?: { readonly type: string; readonly text: string }
  readonly signal?: AbortSignal | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** HTTP to one API server: connections that are kept and bounded, an end to every call. */
export class Transport {
  readonly #options: TransportOptions
  readonly #calls
  /** A watch has a connection of its own, which ends with it. */
  readonly #watches

  constructor(options: TransportOptions) {
    this.#options = options
    const Agent = options.server.url.protocol === 'https:' ? HttpsAgent : HttpAgent
    this.#calls = new Agent({
      keepAlive: true,
      keepAliveMsecs: TCP_KEEP_ALIVE_MS,
      maxSockets: SOCKETS_MAX,
      maxFreeSockets: FREE_SOCKETS_MAX,
      timeout: FREE_SOCKET_MS,
    })
    this.#watches = new Agent({ keepAlive: false })
  }

  /** The whole answer, whatever its status. Rejects with a KubeError when there is none in time. */
  async send(request: Request, timeoutMs: number): Promise<Answer> {
    const { tried } = request
    const call = new AbortController()
    const timer = this.#options.clock.schedule(() => {
      call.abort(silent(tried, timeoutMs))
    }, timeoutMs)
    const release = follow(request.signal, call)
    try {
      const response = await this.#open(request, this.#calls, call.signal)
      const text = await read(response, tried)
      return { status: response.statusCode ?? 0, headers: response.headers, text }
    } catch (thrown) {
      throw failureOf(tried, thrown, call.signal)
    } finally {
      timer.clear()
      release()
    }
  }

  /** The answer as it begins; its body has no time limit but ends with `signal`. */
  async open(request: Request & { readonly signal: AbortSignal }): Promise<IncomingMessage> {
    const { tried } = request
    const call = new AbortController()
    const timer = this.#options.clock.schedule(() => {
      call.abort(silent(tried, OPEN_TIMEOUT_MS))
    }, OPEN_TIMEOUT_MS)
    const release = follow(request.signal, call)
    try {
      const response = await this.#open(request, this.#watches, call.signal)
      response.once('close', release)
      return response
    } catch (thrown) {
      release()
      throw failureOf(tried, thrown, call.signal)
    } finally {
      timer.clear()
    }
  }

  /** The body of an answer that `open` gave, read to its end. */
  async rest(response: IncomingMessage, tried: string, timeoutMs: number): Promise<Answer> {
    const timer = this.#options.clock.schedule(() => {
      response.destroy(silent(tried, timeoutMs))
    }, timeoutMs)
    try {
      const text = await read(response, tried)
      return { status: response.statusCode ?? 0, headers: response.headers, text }
    } catch (thrown) {
      throw failureOf(tried, thrown)
    } finally {
      timer.clear()
    }
  }

  close(): void {
    this.#calls.destroy()
    this.#watches.destroy()
  }

  async #open(
    request: Request,
    agent: HttpAgent | HttpsAgent,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { server, userAgent, metrics } = this.#options
    const { method, body } = request
    const labels = { method, host: server.url.host }
    metrics.calls.inc(request.labels)
    try {
      const { headers, ...tls } = await unlessAborted(server.access(), signal)
      const target = new URL(server.url.pathname.replace(/\/$/, '') + request.path, server.url)
      const send = target.protocol === 'https:' ? httpsRequest : httpRequest
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const sent = send(target, {
          method,
          agent,
          signal,
          ...tls,
          headers: {
            ...headers,
            accept: 'application/json',
            'user-agent': userAgent,
            ...(body && {
              'content-type': body.type,
              'content-length': Buffer.byteLength(body.text),
            }),
          },
        })
        sent.once('socket', (socket) => socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS))
        sent.once('response', resolve)
        // `on`: a socket may fail again after the answer began, which then the reader hears.
        sent.on('error', reject)
        sent.end(body?.text)
      })
      metrics.requests.inc({ ...labels, code: String(response.statusCode) })
      return response
    } catch (thrown) {
      metrics.requests.inc({ ...labels, code: '<error>' })
      throw thrown
    }
  }
}

/** Until it is released, `call` ends with `signal`. */
function follow(signal: AbortSignal | undefined, call: AbortController): () => void {
  if (signal === undefined) return () => {}
  const abort = (): void => call.abort(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  return () => signal.removeEventListener('abort', abort)
}

/** Rejects when `signal` aborts, even if `promise` never settles, as that of a command that hangs. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function read(response: IncomingMessage, tried: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes <= ANSWER_BYTES_MAX) continue
    throw new KubeError('FLM7105', tried, {
      why: `the answer is longer than ${ANSWER_BYTES_MAX} bytes`,
      retryable: false,
    })
  }
  return Buffer.concat(chunks, bytes).toString()
}

function silent(tried: string, timeoutMs: number): KubeError {
  return new KubeError('FLM7102', tried, {
    why: `the API server did not answer within ${timeoutMs} ms`,
    retryable: true,
  })
}

/** What ended a request, as an error of ours. */
export function failureOf(tried: string, thrown: unknown, signal?: AbortSignal): KubeError {
  const reason: unknown = signal?.aborted === true ? signal.reason : thrown
  if (reason instanceof KubeError) return reason
  const what = isNativeError(reason) ? reason.message : String(reason)
  const calledOff = signal?.aborted === true ? 'called off: ' : ''
  return new KubeError('FLM7101', tried, {
    why: `${calledOff}${what === '' ? 'the connection failed' : what}`,
    retryable: true,
    cause: reason,
  })
}
