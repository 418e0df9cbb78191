import type { IncomingMessage } from 'node:http'
import { bodyTooLarge, announcedLength } from './body.ts'
import { charsetOf } from './charset.ts'
import type { Answer } from './answer.ts'
import type { HttpSourceConfig } from './config.ts'

/** Far above what clients and proxies send. */
const HEADERS_MAX = 100

/** Why a request is refused before its body is read, if it is. */
export function headProblem(
  request: IncomingMessage,
  config: Pick<HttpSourceConfig, 'path' | 'maxBodySize'>,
): Answer | undefined {
  const { method = '', headers } = request
  if (request.rawHeaders.length > 2 * HEADERS_MAX)
    return { status: 431, reason: `the request has more than ${HEADERS_MAX} header fields` }
  if (method === 'TRACE' || method === 'OPTIONS')
    return { status: 403, reason: `${method} is not allowed here; events come by POST` }
  if (method !== 'POST' && method !== 'GET')
    return { status: 405, reason: `${method} is not known here; events come by POST` }
  if (config.path !== undefined && pathOf(request.url ?? '/') !== config.path)
    return { status: 404, reason: `events are taken at ${config.path}` }
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity')
    return { status: 415, reason: 'the body is compressed; send it without Content-Encoding' }
  if (charsetOf(headers['content-type']) === undefined)
    return { status: 415, reason: 'the charset is not known here; send UTF-8, UTF-16 or UTF-32' }
  if ((announcedLength(request) ?? 0) > config.maxBodySize) return bodyTooLarge(config.maxBodySize)
  return undefined
}

/** The path of a request target, which may be a whole URL. */
function pathOf(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '')
  return path === '' ? '/' : path
}
