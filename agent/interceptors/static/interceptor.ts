import { withDefaultHeader, withHeader } from '../../core/batch.ts'
import type { PlainInterceptor } from '../../core/interceptor.ts'
import type { StaticInterceptorConfig } from './config.ts'

export function createInterceptor(config: StaticInterceptorConfig): PlainInterceptor {
  const set = config.preserveExisting ? withDefaultHeader : withHeader
  return (batch) => set(batch, config.key, config.value)
}
