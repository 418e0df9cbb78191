export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export const LOG_FORMATS = ['json', 'text'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

export interface LogOptions {
  readonly level: LogLevel
  /** 'json': one object a line, for machines. 'text': one readable line, for terminals. */
  readonly format: LogFormat
  /** Colours in the text format. */
  readonly colour: boolean
  /** File descriptor to write to; stderr by default. */
  readonly fd?: number
}
