import type { IncomingHttpHeaders } from 'node:http'
import type { Refusal, RefusalCause } from './errors.ts'
import { KubeError, refused } from './errors.ts'
import type { Answer } from './transport.ts'

/** Of a refusal that is not from the API server but from something between, so much is shown. */
const FOREIGN_TEXT_CHARS_MAX = 200
/** A server that asks for more is asked again all the same. */
const RETRY_AFTER_MAX_MS = 5 * 60_000

/** A Status object, as far as we read it. */
interface Status {
  readonly kind?: string
  readonly code?: number
  readonly reason?: string
  readonly message?: string
  readonly details?: {
    readonly causes?: readonly { reason?: string; message?: string; field?: string }[]
    readonly retryAfterSeconds?: number
  }
}

/** The object in an answer; throws the KubeError of any answer that is not a success. */
export function objectIn(answer: Answer, tried: string): unknown {
  const { status, text, headers } = answer
  if (status < 200 || status > 299) throw refusalOf(tried, answer)
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    const type = headers['content-type'] ?? 'no type'
    throw new KubeError('FLM7105', tried, {
      why: `the answer (${type}, ${text.length} characters) is not JSON`,
      retryable: true,
      cause,
    })
  }
}

/** The error for an answer that is not a success. */
export function refusalOf(tried: string, { status, headers, text }: Answer): KubeError {
  return refused(tried, refusalIn(statusIn(text), { status, headers, text }))
}

/** The error for an ERROR event of a watch, whose object is a Status. */
export function refusalInEvent(tried: string, object: unknown): KubeError {
  const status = (object ?? {}) as Status
  return refused(tried, refusalIn(status, { status: status.code ?? 500, headers: {}, text: '' }))
}

function statusIn(text: string): Status {
  try {
    const parsed = JSON.parse(text) as Status | null
    return parsed?.kind === 'Status' ? parsed : {}
  } catch {
    return {}
  }
}

function refusalIn(said: Status, { status, headers, text }: Answer): Refusal {
  const retryAfterMs = retryAfterOf(headers, said)
  return {
    status,
    reason: said.reason ?? '',
    message: said.message ?? text.trim().slice(0, FOREIGN_TEXT_CHARS_MAX),
    causes: (said.details?.causes ?? []).map(causeOf),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

function causeOf(cause: { reason?: string; message?: string; field?: string }): RefusalCause {
  const { reason = '', message = '', field } = cause
  return { reason, message, ...(field === undefined ? {} : { field }) }
}

function retryAfterOf(headers: IncomingHttpHeaders, said: Status): number | undefined {
  const seconds = Number(headers['retry-after'] ?? said.details?.retryAfterSeconds ?? Number.NaN)
  if (!Number.isFinite(seconds) || seconds <= 0) return undefined
  return Math.min(seconds * 1000, RETRY_AFTER_MAX_MS)
}
