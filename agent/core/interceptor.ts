import type { Batch } from './batch.ts'
import type { ComponentContext } from './context.ts'

/**
 * Changes or drops events. Made once by `createInterceptor(config, context)`, which validates; then
 * a pure function on the hot path. Keeps the origin of the batch (see `select` in batch.ts).
 * An event that is left out was dropped on purpose; the pipeline counts it.
 */
export type Interceptor = (batch: Batch) => Batch

export type InterceptorContext = ComponentContext
