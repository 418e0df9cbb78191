import type { FlumeError } from '../../core/errors.ts'
import type { SinkContext } from '../../core/sink.ts'

export interface Peer {
  readonly host: string
  readonly port: number
  /** What its certificate has to be for, where that is not the host. */
  readonly certifiedAs?: string
}

/** What those who hand out peers may use. */
export type PeersContext = Pick<SinkContext, 'clock' | 'random' | 'log'>

/** The Avro sources that a client may send to, equally good, and how many there are at the moment. */
export interface Peers {
  /** Calls `changed` with those of now and whenever there are others; none: nobody is ready. */
  start(context: PeersContext, changed: (peers: readonly Peer[]) => void): Promise<void>
  /** A peer could not be used: there may be others by now. */
  trouble(): void
  /** Why there is nobody to send to, or undefined where there is. Looks again before it says so. */
  nobody(): Promise<FlumeError | undefined>
  stop(): void
  /** For /status, beside the endpoints. */
  status(): Readonly<Record<string, unknown>>
}

/** Addresses from the configuration. A name among them is looked up for each connection. */
export class FixedPeers implements Peers {
  readonly #peers: readonly Peer[]

  constructor(peers: readonly Peer[]) {
    this.#peers = peers
  }

  start(_context: PeersContext, changed: (peers: readonly Peer[]) => void): Promise<void> {
    changed(this.#peers)
    return Promise.resolve()
  }

  trouble(): void {}

  nobody(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  stop(): void {}

  status(): Readonly<Record<string, unknown>> {
    return {}
  }
}
