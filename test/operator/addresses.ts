import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import { ADMIN_PORT } from '../../operator/build/ports.ts'

/** Where something stands for a pod. */
export interface Address {
  readonly ip: string
  close(): void
}

/** As the admin server of an agent: who asks every five seconds keeps the connection. */
const KEEP_ALIVE_TIMEOUT_MS = 15_000
const NETWORKS = 254
const HOSTS = 254 * 254

/** Addresses of the loopback, each with the admin port of an agent to itself: as pods have them. */
export class Addresses {
  /** So that test files that run at the same time seldom ask for the same. */
  readonly #network = 1 + (process.pid % NETWORKS)
  #next = 0

  async take(listener: RequestListener): Promise<Address> {
    for (;;) {
      const host = this.#next++ % HOSTS
      const ip = `127.${this.#network}.${1 + Math.floor(host / 254)}.${1 + (host % 254)}`
      const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS }, listener)
      if (!(await isListening(server, ip))) continue
      const close = (): void => {
        server.close()
        server.closeAllConnections()
      }
      return { ip, close }
    }
  }
}

/** False where another one has the address. */
function isListening(server: Server, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(error)
    })
    server.listen({ host, port: ADMIN_PORT }, () => resolve(true))
  })
}
