import type { FlumeError } from '../../agent/core/errors.ts'
import type { Logger } from '../../agent/core/logger.ts'
import type { Source, SourceContext } from '../../agent/core/source.ts'
import { systemClock } from '../../agent/lib/clock.ts'
import type { Clock } from '../../agent/lib/clock.ts'
import { nodeDisk } from '../../agent/lib/disk.ts'
import { systemRandom } from '../../agent/lib/random.ts'
import { avroSourceSchema } from '../../agent/sources/avro/config.ts'
import { createSource } from '../../agent/sources/avro/source.ts'
import { TestIntake } from '../http/test-intake.ts'
import type { Wrap } from './client.ts'
import { AvroClient } from './client.ts'

export interface Logged {
  readonly client?: string
  readonly error?: FlumeError
  readonly message: string
}

/** An avro source that listens, the pipeline behind it in the hands of a test. */
export class AvroBench {
  readonly intake = new TestIntake()
  readonly source: Source
  /** What was logged at info and above. */
  readonly logged: Logged[] = []
  /** What the source reported as a failure of its own. */
  readonly failures: FlumeError[] = []
  readonly #clients: AvroClient[] = []
  readonly #clock: Clock

  constructor(config: object = {}, clock: Clock = systemClock) {
    this.#clock = clock
    this.source = createSource(avroSourceSchema.parse({ bind: '127.0.0.1', port: 0, ...config }))
  }

  static async start(config: object = {}, clock: Clock = systemClock): Promise<AvroBench> {
    const bench = new AvroBench(config, clock)
    await bench.source.start(bench.context())
    return bench
  }

  context(): SourceContext {
    const note = (fields: object, message: string): void =>
      void this.logged.push({ ...fields, message })
    const log: Logger = {
      debug: () => {},
      info: note,
      warn: note,
      error: note,
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

  /** A client that is connected, TLS and compression as `wrap` does it. */
  async connect(wrap?: Wrap): Promise<AvroClient> {
    const client = await AvroClient.connect(this.port, wrap)
    this.#clients.push(client)
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy()
    await this.source.stop()
  }
}
