import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { sleep } from '../../lib/clock.ts'
import type { Clock } from '../../lib/clock.ts'
import { RETRY_AFTER_SECONDS } from './answer.ts'
import type { Answer } from './answer.ts'
import type { Signals } from './delivery.ts'

/**
 * How long the rest of a refused request is read and thrown away. A connection that is closed with
 * unread bytes is reset, and the client might not see the answer.
 */
const LINGER_MS = 1000

/** Sends an answer; resolves when it is on its way, or when nobody takes it any more. */
export async function respond(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  { status, reason }: Answer,
  { clock, signals }: { readonly clock: Clock; readonly signals: Signals },
): Promise<void> {
  const text = reason === '' ? '' : `${reason}\n`
  const { complete } = request
  response.on('error', ignore)
  response.writeHead(status, {
    'content-length': String(Buffer.byteLength(text)),
    ...(text === '' ? {} : { 'content-type': 'text/plain; charset=utf-8' }),
    ...(status === 503 ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : {}),
    ...(status === 405 ? { allow: 'POST, GET' } : {}),
    // A body that was not read would be taken for the next request.
    ...(complete && !signals.stopping.aborted ? {} : { connection: 'close' }),
  })
  if (!complete) {
    response.write(text)
    await rest(request, clock)
  }
  response.end(complete ? text : undefined)
  if (response.writableFinished) return
  await once(response, 'finish', { signal: signals.gone }).catch(ignore)
}

/** Until the rest of a request came or its client went, at most for a while. */
async function rest(request: IncomingMessage, clock: Clock): Promise<void> {
  const over = new AbortController()
  for (const event of ['end', 'close']) request.on(event, () => over.abort())
  request.on('error', ignore)
  request.resume()
  await sleep(clock, LINGER_MS, over.signal)
}

/** The client went away while it was answered, which is its right. */
function ignore(): void {}
