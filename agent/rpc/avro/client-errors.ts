import { FlumeError } from '../../core/errors.ts'

/** Whether the events of a call can have arrived: 'none' certainly not, 'unknown' perhaps. */
export type Outcome = 'none' | 'unknown'

/** Nothing was sent: the address, the connection or its first exchange failed. */
export function unreachable(peer: string, cause: unknown): FlumeError {
  return new FlumeError(
    'FLM4301',
    `connecting to ${peer} failed: ${messageOf(cause)}; check that an Avro source listens there and can be reached, with the same compression and TLS; the sink tries again by itself`,
    { retryable: true, cause, facts: { peer } },
  )
}

/** Nothing was sent: there is nobody to send to at the moment. */
export function noAddress(service: string, cause?: unknown): FlumeError {
  const why =
    cause === undefined
      ? 'it has no address: no replica is ready'
      : `looking it up failed: ${messageOf(cause)}`
  return new FlumeError(
    'FLM4307',
    `there is no address behind ${service}: ${why}; the events wait and the sink looks again by itself`,
    { retryable: true, cause, facts: { service } },
  )
}

/** The peer took longer than `requestTimeoutMs`; its connection was destroyed. */
export function notAnswered(peer: string, requestTimeoutMs: number): FlumeError {
  return new FlumeError(
    'FLM4302',
    `${peer} did not answer within ${requestTimeoutMs} ms; the connection was closed and the events are sent again, also if they did arrive; raise requestTimeout if the peer is only slow`,
    { retryable: true, outcome: 'unknown', facts: { peer, requestTimeoutMs } },
  )
}

/** The connection ended before the answer. */
export function connectionLost(peer: string, cause: unknown, outcome: Outcome): FlumeError {
  return new FlumeError(
    'FLM4303',
    `the connection to ${peer} was lost: ${messageOf(cause)}; the events are sent again, also if they did arrive`,
    { retryable: true, outcome, cause, facts: { peer } },
  )
}

/**
 * The peer answered, but not OK. Even FAILED may come after a part is in: of several channels one had room,
 * or the batch was larger than a channel takes at once.
 */
export function refused(peer: string, answer: string): FlumeError {
  return new FlumeError(
    'FLM4304',
    `${peer} answered ${answer} instead of taking the events; see the log of that agent, its channel may be full; the sink tries again by itself`,
    { retryable: true, outcome: 'unknown', facts: { peer, answer } },
  )
}

/** Bytes that are no Avro RPC, or an answer to nothing; the connection was destroyed. */
export function protocolBroken(peer: string, cause: unknown): FlumeError {
  return new FlumeError(
    'FLM4305',
    `${peer} sent what is not Avro RPC: ${messageOf(cause)}; check that the port is that of an Avro source with the same compression and TLS`,
    { retryable: true, outcome: 'unknown', cause, facts: { peer } },
  )
}

/** Nobody waits for the answer any more, or the sink does not run. */
export function calledOff(reason: string, outcome: Outcome): FlumeError {
  return new FlumeError(
    'FLM4306',
    `a write was called off before it was answered: ${reason}; its events stay in the channel and are sent again`,
    { retryable: true, outcome },
  )
}

/** The same failure with the outcome of all that was tried. */
export function withOutcome(error: FlumeError, outcome: Outcome, message?: string): FlumeError {
  const { code, retryable, facts } = error
  return new FlumeError(code, message ?? error.message, {
    retryable,
    outcome,
    facts,
    cause: error,
  })
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
