import { withDefaultHeader, withHeader } from '../../core/batch.ts'
import type { InterceptorContext, PlainInterceptor } from '../../core/interceptor.ts'
import type { TimestampInterceptorConfig } from './config.ts'

/** One reading of the clock for the whole batch: its events came in together. */
export function createInterceptor(
  config: TimestampInterceptorConfig,
  context: Pick<InterceptorContext, 'clock'>,
): PlainInterceptor {
  const set = config.preserveExisting ? withDefaultHeader : withHeader
  return (batch) => set(batch, config.header, String(context.clock.now()))
}
