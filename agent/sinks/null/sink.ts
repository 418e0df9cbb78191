import type { Sink } from '../../core/sink.ts'

/** Discards events. */
export function createSink(): Sink {
  return {
    writesMax: 1,
    start: async () => {},
    write: async () => undefined,
    stop: async () => {},
  }
}
