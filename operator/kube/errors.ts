import { FlumeError } from '../../agent/core/errors.ts'
import type { ErrorCode } from '../../agent/core/errors.ts'

/** What the API server says when it does not do what was asked, as far as we read it. */
export interface Refusal {
  /** HTTP status. */
  readonly status: number
  /** As in a Status object: NotFound, Conflict, Invalid …; empty when the server gives none. */
  readonly reason: string
  /** The server's own sentence. */
  readonly message: string
  /** What the server says is wrong, by field, and other machine-readable causes. */
  readonly causes: readonly RefusalCause[]
  /** How long the server wants not to be asked again. */
  readonly retryAfterMs?: number | undefined
}

export interface RefusalCause {
  /** FieldValueInvalid, DisruptionBudget, NamespaceTerminating … */
  readonly reason: string
  readonly message: string
  readonly field?: string | undefined
}

/** A request to the API server that failed. `status` is 0 when there was no answer. */
export class KubeError extends FlumeError {
  readonly status: number
  readonly reason: string
  readonly causes: readonly RefusalCause[]
  /** The server's own sentence, for conditions; empty when there was no answer. */
  readonly serverMessage: string
  readonly retryAfterMs: number | undefined

  /** `tried` says what was asked for, as in `apply StatefulSet logs/hub`. */
  constructor(code: ErrorCode, tried: string, options: KubeErrorOptions) {
    const { refusal, retryable, why, cause } = options
    super(code, `${tried}: ${why}`, {
      retryable,
      ...(cause === undefined ? {} : { cause }),
      // A request without an answer may have been carried out.
      outcome: refusal === undefined || refusal.status >= 500 ? 'unknown' : 'none',
      facts: { tried, status: refusal?.status ?? 0, reason: refusal?.reason ?? '' },
    })
    this.status = refusal?.status ?? 0
    this.reason = refusal?.reason ?? ''
    this.causes = refusal?.causes ?? []
    this.serverMessage = refusal?.message ?? ''
    this.retryAfterMs = refusal?.retryAfterMs
  }
}

export interface KubeErrorOptions {
  readonly why: string
  readonly retryable: boolean
  readonly refusal?: Refusal
  readonly cause?: unknown
}

/** The same request will never be taken: what is asked for has to change first. */
const TERMINAL_STATUSES = new Set([400, 405, 406, 410, 413, 415, 422])

/**
 * Server-side apply answers an unknown field, a value of the wrong type or a bad quantity with 500 and no
 * reason, where one would expect 422. Repeating it is of no use.
 */
const BAD_OBJECT = /failed to (?:create typed patch object|convert new object)/

/** The error for an answer that is not a success. */
export function refused(tried: string, refusal: Refusal): KubeError {
  const { status, reason, message } = refusal
  const isBadObject = status === 500 && BAD_OBJECT.test(message)
  const retryable = !isBadObject && !TERMINAL_STATUSES.has(status)
  const isServersFault = status === 429 || (status >= 500 && !isBadObject)
  const said = [String(status), reason].filter((part) => part !== '').join(' ')
  return new KubeError(isServersFault ? 'FLM7104' : 'FLM7103', tried, {
    why: `the API server answered ${said}${message === '' ? '' : `: ${message}`}`,
    retryable,
    refusal,
  })
}

export function isNotFound(thrown: unknown): boolean {
  return thrown instanceof KubeError && thrown.status === 404
}

/** Another writer was faster, or a precondition (UID, resourceVersion) does not hold any more. */
export function isConflict(thrown: unknown): boolean {
  return thrown instanceof KubeError && thrown.status === 409 && thrown.reason !== 'AlreadyExists'
}

export function isAlreadyExists(thrown: unknown): boolean {
  return thrown instanceof KubeError && thrown.reason === 'AlreadyExists'
}

/** The resourceVersion of a watch, or the continue token of a list, is too old: list again. */
export function isExpired(thrown: unknown): boolean {
  return thrown instanceof KubeError && (thrown.status === 410 || thrown.reason === 'Expired')
}

/** An eviction that a PodDisruptionBudget does not allow now. */
export function isDisruptionBudget(thrown: unknown): boolean {
  return (
    thrown instanceof KubeError &&
    thrown.status === 429 &&
    thrown.causes.some(({ reason }) => reason === 'DisruptionBudget')
  )
}

/** The namespace is being deleted, so nothing can be created in it. */
export function isNamespaceTerminating(thrown: unknown): boolean {
  return (
    thrown instanceof KubeError &&
    thrown.causes.some(({ reason }) => reason === 'NamespaceTerminating')
  )
}
