import { bodyAt, headersAt } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import { FlumeError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Sink, SinkContext } from '../../core/sink.ts'
import type { LoggerSinkConfig } from './config.ts'

/** Writes each event to the log of the agent: headers, size and the first bytes of the body. */
export function createSink(config: LoggerSinkConfig): Sink {
  return new LoggerSink(config)
}

class LoggerSink implements Sink {
  readonly writesMax = 1
  readonly #config: LoggerSinkConfig
  #log: Logger | undefined

  constructor(config: LoggerSinkConfig) {
    this.#config = config
  }

  async start(context: SinkContext): Promise<void> {
    this.#log = context.log
  }

  async write(batches: readonly Batch[]): Promise<undefined> {
    if (this.#log === undefined) {
      const message = 'the logger sink was given events while it was not running'
      throw new FlumeError('FLM9001', message, { retryable: true })
    }
    for (const batch of batches) this.#write(batch, this.#log)
    return undefined
  }

  async stop(): Promise<void> {
    this.#log = undefined
  }

  #write(batch: Batch, log: Logger): void {
    for (let i = 0; i < batch.count; i++) {
      const body = bodyAt(batch, i)
      const shown = body.toString('utf8', 0, this.#config.maxBytesToLog)
      log.info({ headers: headersAt(batch, i), body: shown, bodyBytes: body.length }, 'event')
    }
  }
}
