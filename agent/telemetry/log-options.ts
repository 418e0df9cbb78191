export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFormat = 'json' | 'text'

export interface LogOptions {
  readonly level: LogLevel
  /** 'json': one object a line, for machines. 'text': one readable line, for terminals. */
  readonly format: LogFormat
  /** Colours in the text format. */
  readonly colour: boolean
  /** File descriptor to write to; stderr by default. */
  readonly fd?: number
}
