import { createServer } from 'node:https'
import type { Server, ServerOptions } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { TlsContext } from '../../core/tls-context.ts'
import type { ServerTlsConfig } from '../../core/tls.ts'
import { toFlumeError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Clock } from '../../lib/clock.ts'

/**
 * A server that speaks TLS alone. Certificates are read again while it runs: a connection makes it
 * look, and those after it get the new ones. Rejects with FLM6201 when the files cannot be used.
 */
export async function makeTlsServer(
  tls: ServerTlsConfig,
  options: ServerOptions,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<Server> {
  const onProblem = (error: unknown): void =>
    log.warn({ error }, 'new TLS files cannot be used; the last good ones are')
  const files = new TlsContext(tls, { clock, onProblem })
  let material = await files.current()
  const server = createServer({
    ...options,
    ...material.options,
    requestCert: tls.clientAuth !== 'none',
    rejectUnauthorized: tls.clientAuth === 'required',
  })
  const renew = async (): Promise<void> => {
    const now = await files.current()
    if (now !== material) server.setSecureContext(now.options)
    material = now
  }
  server.on('connection', () => {
    renew().catch((thrown: unknown) => onProblem(toFlumeError(thrown)))
  })
  if (tls.clientAuth === 'optional') server.prependListener('secureConnection', endStranger)
  return server
}

/** A client need not show a certificate, but one that it shows has to be valid. */
function endStranger(socket: TLSSocket): void {
  const isShown = Object.keys(socket.getPeerCertificate()).length > 0
  if (isShown && !socket.authorized) socket.destroy()
}
