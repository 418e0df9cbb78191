import type { Refusal, RefusalCause } from './errors.ts'
import { KubeError, refused } from './errors.ts'
import type { Answer } from './transport.ts'
import type { KubeObject } from './types.ts'

/** Of a refusal that is not from the API server but from something between, so much is shown. */
const FOREIGN_TEXT_CHARS_MAX = 200
/** A server that asks for more is asked again all the same. */
const RETRY_AFTER_MAX_MS = 5 * 60_000

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
  const said = fieldsOf(parsed(text))
  return refused(tried, refusalIn(said['kind'] === 'Status' ? said : {}, { status, headers, text }))
}

/** The error for an ERROR event of a watch, whose object is a Status. */
export function refusalInEvent(tried: string, object: unknown): KubeError {
  const said = fieldsOf(object)
  const status = typeof said['code'] === 'number' ? said['code'] : 500
  return refused(tried, refusalIn(said, { status, headers: {}, text: '' }))
}

/** One page of a list. */
export function pageIn(answer: unknown, tried: string) {
  const { metadata, items } = fieldsOf(answer)
  const { resourceVersion, continue: next } = fieldsOf(metadata)
  // A list without items may have null in their place.
  const objects = (items ?? []) as readonly KubeObject[]
  if (typeof resourceVersion !== 'string' || !Array.isArray(objects) || !objects.every(isNamed))
    throw new KubeError('FLM7105', tried, { why: 'the answer is no list', retryable: true })
  const token = typeof next === 'string' && next !== '' ? next : undefined
  return { objects, resourceVersion, token }
}

/** Of anything; none if it is no object. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
}

function isNamed(object: unknown): boolean {
  return typeof fieldsOf(fieldsOf(object)['metadata'])['name'] === 'string'
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `said` is a Status object, or what claims to be one. */
function refusalIn(said: Readonly<Record<string, unknown>>, answer: Answer): Refusal {
  const { status, headers, text } = answer
  const { causes, retryAfterSeconds } = fieldsOf(said['details'])
  const retryAfterMs = retryAfterOf(headers['retry-after'] ?? retryAfterSeconds)
  return {
    status,
    reason: textOf(said['reason']) ?? '',
    message: textOf(said['message']) ?? text.trim().slice(0, FOREIGN_TEXT_CHARS_MAX),
    causes: Array.isArray(causes) ? causes.map(causeOf) : [],
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

function causeOf(cause: unknown): RefusalCause {
  const { reason, message, field } = fieldsOf(cause)
  const where = textOf(field)
  return {
    reason: textOf(reason) ?? '',
    message: textOf(message) ?? '',
    ...(where === undefined ? {} : { field: where }),
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function retryAfterOf(said: unknown): number | undefined {
  const seconds = typeof said === 'string' || typeof said === 'number' ? Number(said) : 0
  if (!Number.isFinite(seconds) || seconds <= 0) return undefined
  return Math.min(seconds * 1000, RETRY_AFTER_MAX_MS)
}
