import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import { ADMIN_PORT } from '../../operator/build/ports.ts'

/** All of 127.0.0.0/8 is this machine; from here on nobody else is likely to listen. */
const FIRST = 64 << 16
/** As the admin server of an agent: who asks every five seconds keeps the connection. */
const KEEP_ALIVE_TIMEOUT_MS = 15_000

/**
 * An address of the loopback for each pod, on which it answers at the admin port as in a cluster: an operator
 * that is a process of its own asks nowhere else.
 */
export class PodServers {
  readonly #servers = new Map<string, Server>()
  #given = 0

  /** Gives an address to a pod, by its UID. Rejects when the port is taken there. */
  async listen(uid: string, answer: RequestListener): Promise<string> {
    const number = FIRST + ++this.#given
    const host = `127.${number >> 16}.${(number >> 8) & 0xff}.${number & 0xff}`
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS }, answer)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port: ADMIN_PORT }, resolve)
    })
    this.#servers.set(uid, server)
    return host
  }

  /** The pod is no more. */
  close(uid: string): void {
    const server = this.#servers.get(uid)
    this.#servers.delete(uid)
    server?.close()
    server?.closeAllConnections()
  }

  closeAll(): void {
    for (const uid of this.#servers.keys()) this.close(uid)
  }
}
