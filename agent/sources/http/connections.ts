import type { Socket } from 'node:net'

/** What is known of a connection that has sent a request. */
export interface Connection {
  /** Aborted when it is closed. */
  readonly gone: AbortSignal
  /** Requests that are not answered. */
  requests: number
}

/** The connections of a source, those that have not sent anything yet included. */
export class Connections {
  readonly #open = new Set<Socket>()
  readonly #known = new WeakMap<Socket, Connection>()

  get count(): number {
    return this.#open.size
  }

  /** A connection was accepted; with TLS this is the one below it. */
  add(socket: Socket): void {
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
  }

  /** The connection that a request came by. */
  of(socket: Socket): Connection {
    let connection = this.#known.get(socket)
    if (connection === undefined) {
      const closed = new AbortController()
      connection = { gone: closed.signal, requests: 0 }
      this.#known.set(socket, connection)
      socket.once('close', () => closed.abort())
      if (socket.destroyed) closed.abort()
    }
    return connection
  }

  destroy(): void {
    for (const socket of this.#open) socket.destroy()
  }
}
