import type { FlumeError } from '../../core/errors.ts'

/** What a client is told: a status and, unless all is well, one sentence of plain text. */
export interface Answer {
  readonly status: number
  readonly reason: string
}

export const TAKEN: Answer = { status: 200, reason: '' }

/** Seconds after which a client that was turned away for lack of room may come again. */
export const RETRY_AFTER_SECONDS = 1

export function badRequest(reason: string): Answer {
  return { status: 400, reason }
}

export function tooLarge(reason: string): Answer {
  return { status: 413, reason }
}

/** For everything that another attempt may cure. */
export function unavailable(reason: string): Answer {
  return { status: 503, reason }
}

export const STOPPING = unavailable(
  'the source is stopping and takes no more events; send them again later or to another agent',
)

export const OUR_BUG: Answer = {
  status: 500,
  reason: 'the request failed inside the agent; its log says why',
}

/** The answer to a batch that the pipeline did not take. */
export function answerFor(error: FlumeError): Answer {
  if (error.retryable) return unavailable(error.message)
  return error.code === 'FLM2203' ? tooLarge(error.message) : OUR_BUG
}

export function isAnswer(result: object): result is Answer {
  return 'status' in result
}
