import pino from 'pino'
import type { Logger } from '../core/logger.ts'
import { describeError } from './error-fields.ts'
import { formatLogLine } from './log-line.ts'
import type { LogOptions } from './log-options.ts'

export interface Log {
  readonly logger: Logger
  /** Writes every line out before it returns. Call it before the process ends. */
  flush(): void
}

/**
 * Lines that wait for a slow reader of stderr. Beyond it lines are dropped and counted: a reader that
 * stands still (a paused terminal, a stuck log driver) must not stop the delivery of events.
 */
const WAITING_BYTES_MAX = 1024 * 1024

/**
 * The agent's log. Lines are written in the background, one write at a time and at once, so that a
 * blocked stderr does not block the event loop; `flush` before the exit loses none.
 */
export function createLog(options: LogOptions): Log {
  const destination = pino.destination({
    dest: options.fd ?? 2,
    sync: false,
    minLength: 0,
    maxLength: WAITING_BYTES_MAX,
  })
  const stream = options.format === 'json' ? destination : textStream(destination, options.colour)
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError },
    },
    stream,
  )
  reportDroppedLines(destination, logger)
  return {
    logger,
    flush() {
      // Throws when stderr is closed; there is nowhere left to say so.
      try {
        destination.flushSync()
      } catch {}
    },
  }
}

function textStream(
  destination: { write(line: string): boolean },
  colour: boolean,
): pino.DestinationStream {
  return {
    write: (line) => {
      destination.write(formatLogLine(JSON.parse(line) as Record<string, unknown>, colour))
    },
  }
}

function reportDroppedLines(
  destination: { on(event: 'drop' | 'drain', listener: () => void): unknown },
  logger: Logger,
): void {
  let lines = 0
  destination.on('drop', () => {
    lines += 1
  })
  destination.on('drain', () => {
    if (lines === 0) return
    const dropped = lines
    lines = 0
    logger.warn({ lines: dropped }, 'log lines dropped because stderr was not read')
  })
}
