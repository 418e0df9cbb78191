import { request } from 'node:https'
import type { RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'

/** What the API server answers. */
export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  /** What it warns of. */
  readonly warnings: readonly string[]
}

export interface Call {
  readonly body?: unknown
  readonly contentType?: string
}

/** Plain requests to an API server, for tests of what it says. */
export class Rest {
  readonly #url: string
  readonly #options: RequestOptions

  private constructor(url: string, options: RequestOptions) {
    this.#url = url
    this.#options = options
  }

  static async of(kubeconfig: string): Promise<Rest> {
    const config = new KubeConfig()
    config.loadFromFile(kubeconfig)
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    return new Rest(config.getCurrentCluster()!.server, options)
  }

  async call(method: string, path: string, { body, contentType }: Call = {}): Promise<Answer> {
    const headers = {
      'content-type': contentType ?? 'application/json',
      accept: 'application/json',
    }
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const sent = request(
      `${this.#url}${path}`,
      { ...this.#options, method, headers },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const warning = response.headers['warning']
          resolve({
            status: response.statusCode ?? 0,
            body: JSON.parse(Buffer.concat(chunks).toString()) as Answer['body'],
            warnings: typeof warning === 'string' ? warning.split(/, (?=299 )/) : (warning ?? []),
          })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
    return promise
  }
}

/** What is wrong with an object, as the API server says it: `field: message`, sorted. */
export function problemsOf({ status, body }: Answer): string[] {
  if (status < 300) return []
  const details = body['details'] as { readonly causes?: readonly Cause[] } | undefined
  const causes = details?.causes ?? []
  if (causes.length === 0) return [String(body['message'])]
  return causes.map(({ field, message }) => `${field}: ${withoutValue(message)}`).sort()
}

interface Cause {
  readonly field: string
  readonly message: string
}

/** Of the value before the message Kubernetes says only what type it has. */
function withoutValue(message: string): string {
  return message.replace(/^Invalid value: "(?:object|array|string|integer|)": /, '')
}
