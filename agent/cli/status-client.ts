import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { FlumeError } from '../core/errors.ts'
import type { AgentStatus } from '../core/status.ts'

const TIMEOUT_MS = 5_000
/** A thousand flows of a few kilobytes each. */
const ANSWER_BYTES_MAX = 32 * 2 ** 20

/** Asks a running agent. Rejects with FLM9104 when there is none at `address` (`HOST:PORT`). */
export async function fetchStatus(
  address: string,
  timeoutMs: number = TIMEOUT_MS,
): Promise<AgentStatus> {
  try {
    return JSON.parse(await fetchText(`http://${address}/status`, timeoutMs)) as AgentStatus
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `No agent answers at ${address}: ${reason}. Is it running? Give its address with --admin HOST:PORT, or its data directory with --data-dir DIR.`
    throw new FlumeError('FLM9104', message, { retryable: true, cause, facts: { address } })
  }
}

function fetchText(url: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: timeoutMs, agent: false }, (response) => {
      collect(response).then(resolve, reject)
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    request.on('error', reject)
  })
}

async function collect(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) {
    response.destroy()
    throw new Error(`it answers with status ${response.statusCode}, so it is something else`)
  }
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > ANSWER_BYTES_MAX)
      throw new Error(`its answer has more than ${ANSWER_BYTES_MAX} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}
