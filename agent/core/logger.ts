/** Constant message, values as fields. Errors go under `error`. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: Readonly<Record<string, unknown>>): Logger
}
