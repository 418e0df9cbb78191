import { KubeError } from '../kube/errors.ts'

/** An object of a pool that is not as it should be, and why. */
export interface ApplyProblem {
  readonly reason: 'NameTaken' | 'ObjectRefused' | 'PodTemplateInvalid'
  /** `StatefulSet hub` */
  readonly object: string
  readonly message: string
}

/**
 * The problem that an error stands for; undefined for one that passes by itself. A permission or a quota
 * may take anybody's help, so that it is shown, too.
 */
export function problemOf(object: string, thrown: unknown): ApplyProblem | undefined {
  if (!(thrown instanceof KubeError)) return undefined
  const isRefusal = !thrown.retryable || thrown.status === 403
  if (!isRefusal || thrown.status === 0) return undefined
  const reason = object.startsWith('StatefulSet ') ? 'PodTemplateInvalid' : 'ObjectRefused'
  return {
    reason: thrown.status === 403 ? 'ObjectRefused' : reason,
    object,
    message: `${object}: ${thrown.serverMessage === '' ? thrown.message : thrown.serverMessage}`,
  }
}
