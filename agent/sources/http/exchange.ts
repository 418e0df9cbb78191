import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SourceContext } from '../../core/source.ts'
import { STOPPING, TAKEN, isAnswer } from './answer.ts'
import type { Answer } from './answer.ts'
import { receiveBody } from './body.ts'
import type { Body } from './body.ts'
import type { BodyRoom } from './body-room.ts'
import { charsetOf, decode } from './charset.ts'
import type { HttpSourceConfig } from './config.ts'
import { deliver } from './delivery.ts'
import type { Signals } from './delivery.ts'
import { headProblem } from './head.ts'
import { eventsOf } from './json-events.ts'

/** What the requests of a source share. */
export interface Serving {
  readonly config: HttpSourceConfig
  readonly context: SourceContext
  readonly room: BodyRoom
}

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean
}

/**
 * Takes the events of one request and resolves to its answer, or to undefined when the client went
 * away before it was received.
 */
export async function takeEvents(
  { request, response, expectsContinue }: Exchange,
  serving: Serving,
  signals: Signals,
): Promise<Answer | undefined> {
  const { config, room } = serving
  const problem = signals.stopping.aborted ? STOPPING : headProblem(request, config)
  if (problem !== undefined) return problem
  if (expectsContinue) response.writeContinue()
  const body = await receiveBody(request, {
    bytesMax: config.maxBodySize,
    room,
    stopping: signals.stopping,
  })
  if (body === undefined || isAnswer(body)) return body
  try {
    return await takeBody(request, body, { serving, signals })
  } finally {
    body.release()
  }
}

async function takeBody(
  request: IncomingMessage,
  body: Body,
  { serving, signals }: { readonly serving: Serving; readonly signals: Signals },
): Promise<Answer> {
  const { config, context } = serving
  const charset = charsetOf(request.headers['content-type'])!
  const text = decode(body.bytes, charset)
  if (typeof text !== 'string') return text
  const limits = { eventsMax: config.maxEvents, eventBytesMax: context.eventBytesMax }
  const batch = eventsOf(text, charset, limits)
  if (isAnswer(batch)) return batch
  if (batch.count === 0) return TAKEN
  return deliver(batch, context, { config, signals, onAccepted: () => body.release() })
}
