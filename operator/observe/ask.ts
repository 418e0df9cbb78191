import { Agent, get } from 'node:http'

/** What an agent says of a pool with many flows has a few hundred kilobytes. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024
const TIMEOUT_MS = 2_000

/** Gets the text at a URL of an agent. */
export type Ask = (url: URL) => Promise<string>

/** Asks over connections that are kept. Rejects after a time, and for an answer that is too large. */
export class HttpAsk {
  readonly #agent = new Agent({ keepAlive: true, timeout: 30_000 })

  readonly ask: Ask = (url) =>
    new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const request = get(url, { agent: this.#agent, signal }, (response) => {
        const chunks: Buffer[] = []
        let bytes = 0
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > ANSWER_BYTES_MAX)
            response.destroy(new Error(`the answer has more than ${ANSWER_BYTES_MAX} bytes`))
          else chunks.push(chunk)
        })
        response.on('error', reject)
        response.on('end', () => {
          if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'))
          else reject(new Error(`the answer is ${response.statusCode}`))
        })
      })
      request.on('error', reject)
    })

  close(): void {
    this.#agent.destroy()
  }
}
