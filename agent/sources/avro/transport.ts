import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { TlsMaterial } from '../../core/tls-context.ts'
import type { ServerTlsConfig } from '../../core/tls.ts'
import type { Clock } from '../../lib/clock.ts'
import { DeflateStream } from '../../rpc/avro/deflate-stream.ts'

/** As Flume compresses its answers. */
const DEFLATE_LEVEL = 6

export interface TransportOptions {
  readonly compression: 'none' | 'deflate'
  readonly tls: { readonly config: ServerTlsConfig; readonly material: TlsMaterial } | undefined
  /** For TLS to be agreed on. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/**
 * Puts compression and TLS around a connection that was accepted, in the order of Flume 1.10 and
 * later: what is encrypted is compressed. Rejects when the client does not play along; the socket is
 * destroyed then. The stream and its socket end together.
 */
export async function openTransport(socket: Socket, options: TransportOptions): Promise<Duplex> {
  const { compression, tls, clock, timeoutMs } = options
  const below =
    compression === 'none'
      ? socket
      : new DeflateStream(socket, { level: DEFLATE_LEVEL, small: true })
  if (tls === undefined) return below
  const secure = new TLSSocket(below, {
    isServer: true,
    secureContext: tls.material.secureContext,
    requestCert: tls.config.clientAuth !== 'none',
    // Looked at below: here it would only be noted.
    rejectUnauthorized: false,
  })
  below.on('close', () => secure.destroy())
  secure.on('close', () => below.destroy())
  const timer = clock.schedule(() => {
    secure.destroy(new Error(`the client did not agree on TLS within ${timeoutMs} ms`))
  }, timeoutMs)
  try {
    await agreed(secure, below)
    const problem = clientProblem(secure, tls.config)
    if (problem !== undefined) throw new Error(problem)
    return secure
  } catch (thrown) {
    secure.destroy()
    throw thrown
  } finally {
    timer.clear()
  }
}

function agreed(secure: TLSSocket, below: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    secure.once('secure', resolve)
    secure.on('error', reject)
    below.on('error', reject)
    secure.once('close', () => reject(new Error('the client went away before TLS was agreed on')))
  })
}

/** What Node's own TLS server looks at; a socket without a server leaves it to its owner. */
interface Verified {
  verifyError?(): (Error & { code?: string }) | null | undefined
}

/** Why the client's certificate does not do, or undefined. In doubt it does not. */
function clientProblem(secure: TLSSocket, config: ServerTlsConfig): string | undefined {
  if (config.clientAuth === 'none') return undefined
  const shown = secure.getPeerX509Certificate() !== undefined
  if (!shown)
    return config.clientAuth === 'optional' ? undefined : 'the client showed no certificate'
  const handle = (secure as unknown as { readonly ssl?: Verified }).ssl
  if (handle?.verifyError === undefined) return 'the certificate of the client cannot be verified'
  const error = handle.verifyError()
  return error ? `the certificate of the client is not trusted: ${error.message}` : undefined
}
