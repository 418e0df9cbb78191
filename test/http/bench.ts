import { request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders, RequestOptions } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { FlumeError } from '../../agent/core/errors.ts'
import type { Logger } from '../../agent/core/logger.ts'
import type { Source, SourceContext } from '../../agent/core/source.ts'
import { systemClock } from '../../agent/lib/clock.ts'
import type { Clock } from '../../agent/lib/clock.ts'
import { nodeDisk } from '../../agent/lib/disk.ts'
import { systemRandom } from '../../agent/lib/random.ts'
import { httpSourceSchema } from '../../agent/sources/http/config.ts'
import { createSource } from '../../agent/sources/http/source.ts'
import { TestIntake } from './test-intake.ts'

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** An http source that listens, the pipeline behind it in the hands of a test. */
export class HttpBench {
  readonly intake = new TestIntake()
  readonly source: Source
  /** Errors that the source logged. */
  readonly errors: object[] = []
  /** What the source reported as a failure of its own. */
  readonly failures: FlumeError[] = []

  readonly #clock: Clock

  constructor(config: object = {}, clock: Clock = systemClock) {
    this.#clock = clock
    this.source = createSource(httpSourceSchema.parse({ bind: '127.0.0.1', port: 0, ...config }))
  }

  static async start(config: object = {}, clock: Clock = systemClock): Promise<HttpBench> {
    const bench = new HttpBench(config, clock)
    await bench.source.start(bench.context())
    return bench
  }

  context(): SourceContext {
    const log: Logger = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (fields) => this.errors.push(fields),
      child: () => log,
    }
    return {
      name: 'in',
      flow: 'f',
      clock: this.#clock,
      random: systemRandom,
      disk: nodeDisk,
      log,
      emit: this.intake.emit,
      positions: () => new Map(),
      fail: (error) => this.failures.push(error),
      dropped: () => {},
      eventBytesMax: 2 ** 20,
    }
  }

  get port(): number {
    return this.status()['port'] as number
  }

  status(): Readonly<Record<string, unknown>> {
    return this.source.status!()
  }

  /** Sends a request on a connection of its own. */
  async send(body: string | Buffer, options: RequestOptions = {}): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    const { port } = this
    const all = { host: '127.0.0.1', port, method: 'POST', agent: false, ...options }
    const request = httpRequest(all, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, text }),
      )
      response.on('error', reject)
    })
    request.on('error', reject)
    if (
      request.getHeader('content-length') === undefined &&
      !request.hasHeader('transfer-encoding')
    )
      request.setHeader('content-length', Buffer.byteLength(body))
    request.end(body)
    return promise
  }

  /** A connection on which a test sends what it likes. */
  connect(): RawConnection {
    return new RawConnection(this.port)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.source.stop()
  }
}

export class RawConnection {
  readonly socket: Socket
  /** Resolves to all that was received once the connection is closed. */
  readonly closed: Promise<string>
  #received = ''
  #watchers: (() => void)[] = []

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('latin1').on('data', (text) => {
      this.#received += String(text)
      for (const watcher of this.#watchers.splice(0)) watcher()
    })
    // A reset is one way in which the source closes a connection.
    this.socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => resolve(this.#received))
    })
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes)
  }

  /** Resolves when that was received. */
  async received(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#received))
      await new Promise<void>((resolve) => this.#watchers.push(resolve))
    return this.#received
  }
}

/** The head of a POST. */
export function head(length: number, ...lines: readonly string[]): string {
  return ['POST / HTTP/1.1', 'Host: h', `Content-Length: ${length}`, ...lines, '', ''].join('\r\n')
}

export const EVENT = '[{"headers":{"a":"b"},"body":"x"}]'
