import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { clientTlsOptions } from '../../core/tls-context.ts'
import type { TlsContext } from '../../core/tls-context.ts'
import type { ClientTlsConfig } from '../../core/tls.ts'
import { DeflateStream } from './deflate-stream.ts'

export interface ClientTransportOptions {
  readonly compression: 'none' | 'deflate'
  readonly compressionLevel: number
  readonly tls: { readonly config: ClientTlsConfig; readonly context: TlsContext } | undefined
  /** The host as it is configured: what the certificate has to be for. */
  readonly host: string
}

/**
 * Puts compression and TLS around a connection that was made, in the order of Flume 1.10 and later: what
 * is encrypted is compressed. The stream and its socket end together. Rejects when TLS cannot be agreed
 * on, and when the signal aborts; the socket is destroyed then.
 */
export async function clientTransport(
  socket: Socket,
  options: ClientTransportOptions,
  signal: AbortSignal,
): Promise<Duplex> {
  const { compression, compressionLevel, tls, host } = options
  const below =
    compression === 'none' ? socket : new DeflateStream(socket, { level: compressionLevel })
  if (tls === undefined) return below
  // Whoever destroys it meanwhile is heard below.
  below.on('error', () => {})
  const { secureContext } = await tls.context.current()
  const secure = connect({
    ...clientTlsOptions(tls.config, host),
    socket: below,
    secureContext,
  })
  below.on('close', () => secure.destroy())
  secure.on('close', () => below.destroy())
  await agreed(secure, signal)
  return secure
}

function agreed(secure: TLSSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => void secure.destroy(signal.reason as Error)
    const end = (): void => signal.removeEventListener('abort', abort)
    secure.once('secureConnect', () => {
      end()
      resolve()
    })
    secure.once('close', () => {
      end()
      reject(new Error('the peer closed the connection before TLS was agreed on'))
    })
    secure.on('error', reject)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  })
}
