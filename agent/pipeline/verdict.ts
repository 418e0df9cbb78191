import type { FlumeError } from '../core/errors.ts'

/** Whether a failed write says of its events that they will never be taken. */
export function isVerdict(error: FlumeError): boolean {
  // FLM9001 is what nobody expected: it says nothing about the events.
  return !error.retryable && error.code !== 'FLM9001'
}

/** Whether the sink can go on after it: it fails in a way that may mend, or knows which events are bad. */
export function isSound(error: FlumeError): boolean {
  const namesEvents = error.outcome === 'none' && error.failing.length > 0
  return error.retryable || (isVerdict(error) && namesEvents)
}

/** Of two failures of a sink the one after which it cannot go on, else the first. */
export function worse(first: FlumeError | undefined, second: FlumeError): FlumeError {
  return first === undefined || (isSound(first) && !isSound(second)) ? second : first
}
