import { FlumeError } from '../../agent/core/errors.ts'

/** What the caches show is older than what there is: the same is tried again once they have caught up. */
export function behind(what: string): FlumeError {
  const message = `the operator saw an older state of ${what} than there is: it is looked at again`
  return new FlumeError('FLM7201', message, { retryable: true })
}
