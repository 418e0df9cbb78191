import { KubeError } from '../../operator/kube/errors.ts'

/** Whether the API server did not answer, or not yet. */
export function isAway(thrown: unknown): boolean {
  return (
    thrown instanceof KubeError && thrown.retryable && (thrown.status === 0 || thrown.status >= 500)
  )
}
