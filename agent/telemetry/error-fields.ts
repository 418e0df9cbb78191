import { FlumeError, systemCode } from '../core/errors.ts'

/** A cause has a cause; deeper ones say nothing new and may be circular. */
const CAUSES_MAX = 5

/**
 * An error as it stands in a log line, under `error`. Errors of ours were foreseen and are told by
 * code and message; anything else comes with its stack, since it is a defect somewhere.
 */
export function describeError(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return thrown
  const fields: Record<string, unknown> = {}
  const code = systemCode(thrown)
  if (code !== undefined) fields['code'] = code
  fields['message'] = thrown.message
  if (thrown instanceof FlumeError) {
    fields['retryable'] = thrown.retryable
    if (thrown.outcome !== 'none') fields['outcome'] = thrown.outcome
    if (Object.keys(thrown.facts).length > 0) fields['facts'] = thrown.facts
  }
  // An error with a code, ours or the system's, is told by it; FLM9001 is the one that is a defect.
  if (code === undefined || code === 'FLM9001') fields['stack'] = thrown.stack
  if (thrown.cause !== undefined && depth < CAUSES_MAX) {
    fields['cause'] = describeError(thrown.cause, depth + 1)
  }
  return fields
}
