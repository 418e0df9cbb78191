import type { Batch } from './batch.ts'
import type { ComponentContext } from './context.ts'
import type { DeadLetter } from './dead-letter.ts'

/**
 * Changes or drops events. Made once by `createInterceptor(config, context)`, which validates; then
 * a pure function on the hot path. Keeps the origin of the batch (see `select` in batch.ts).
 * An event that is left out was dropped on purpose; the pipeline counts it.
 */
export type Interceptor = (batch: Batch) => Batch | Intercepted

/** One that gives up on nothing. */
export type PlainInterceptor = (batch: Batch) => Batch

/** For interceptors that cannot deal with some events and hand them to the flow's dead-letter channel. */
export interface Intercepted {
  readonly batch: Batch
  /** None of their events is in `batch`. Each keeps the origin of the batch, as `select` does. */
  readonly deadLetters: readonly DeadLetter[]
}

export type InterceptorContext = ComponentContext
