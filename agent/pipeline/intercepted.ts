import type { Batch } from '../core/batch.ts'
import type { DeadLetterKind } from '../core/dead-letter.ts'
import type { Interceptor } from '../core/interceptor.ts'

/** An interceptor of a source and the key of its type in the catalog. */
export interface NamedInterceptor {
  readonly type: string
  readonly intercept: Interceptor
}

/** What an interceptor gave up on. */
export interface GivenUp {
  readonly batch: Batch
  readonly reason: string
  readonly kind: DeadLetterKind
  /** The type of the interceptor. */
  readonly type: string
}

/** Folds a batch through interceptors; what one gives up on, those behind it do not see. */
export function intercepted(
  batch: Batch,
  interceptors: readonly NamedInterceptor[],
): { readonly kept: Batch; readonly givenUp: readonly GivenUp[] } {
  let kept = batch
  const givenUp: GivenUp[] = []
  for (const { type, intercept } of interceptors) {
    const result = intercept(kept)
    kept = 'deadLetters' in result ? result.batch : result
    const letters = 'deadLetters' in result ? result.deadLetters : []
    for (const { batch: each, reason, kind } of letters)
      if (each.count > 0) givenUp.push({ batch: each, reason, kind, type })
  }
  return { kept, givenUp }
}
