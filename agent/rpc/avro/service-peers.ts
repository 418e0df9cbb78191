import type { FlumeError } from '../../core/errors.ts'
import { resolveName } from '../../lib/resolve-name.ts'
import type { ResolveName } from '../../lib/resolve-name.ts'
import { noAddress } from './client-errors.ts'
import { addressOf } from './dial.ts'
import type { Peer, Peers, PeersContext } from './peers.ts'
import { ServiceAddresses } from './service-addresses.ts'

/** The replicas behind the name of a service, one peer for each of its addresses. */
export class ServicePeers implements Peers {
  readonly #service: Peer
  readonly #resolve: ResolveName
  #addresses: ServiceAddresses | undefined
  #failure: unknown
  #count = 0

  constructor(service: Peer, resolve: ResolveName = resolveName) {
    this.#service = service
    this.#resolve = resolve
  }

  /** Does not wait for an answer: a service that has none yet is found out by the first write. */
  start(
    { clock, random, log }: PeersContext,
    changed: (peers: readonly Peer[]) => void,
  ): Promise<void> {
    const service = addressOf(this.#service)
    const { host, port } = this.#service
    this.#addresses = new ServiceAddresses({
      host,
      resolve: this.#resolve,
      clock,
      random,
      onAddresses: (addresses) => {
        this.#failure = undefined
        if (addresses.length > 0 || this.#count > 0)
          log.info({ service, addresses }, 'the replicas of a pool are others')
        this.#count = addresses.length
        changed(addresses.map((address) => ({ host: address, port, certifiedAs: host })))
      },
      onFailure: (error) => {
        this.#failure = error
        log.warn({ service, error }, 'a service could not be looked up; what was known counts')
      },
    })
    void this.#addresses.look()
    return Promise.resolve()
  }

  trouble(): void {
    this.#addresses?.trouble()
  }

  async nobody(): Promise<FlumeError | undefined> {
    if (this.#count > 0) return undefined
    await this.#addresses?.look()
    return this.#count > 0 ? undefined : noAddress(addressOf(this.#service), this.#failure)
  }

  stop(): void {
    this.#addresses?.stop()
  }

  status(): Readonly<Record<string, unknown>> {
    return { service: addressOf(this.#service), resolved: this.#addresses?.status() ?? null }
  }
}
