import { Link } from './link.ts'
import type { World } from './world.ts'

/** Where connections are made to: one process of a receiver. */
export interface Endpoint {
  /** It reads nothing, as after SIGSTOP; what was sent waits. */
  readonly frozen: boolean
  /** Takes a connection; false: it does not listen. */
  accept(link: Link): boolean
}

/** Above this many links those that are over are forgotten. */
const LINKS_MAX = 48

/** All connections there are. */
export class Network {
  readonly #world: World
  #links: { readonly link: Link; readonly endpoint: Endpoint }[] = []

  constructor(world: World) {
    this.#world = world
  }

  /** A new connection, or undefined when nobody listens. */
  connect(endpoint: Endpoint): Link | undefined {
    const link = new Link(this.#world)
    if (!endpoint.accept(link)) return undefined
    this.#links.push({ link, endpoint })
    return link
  }

  /** A process of a receiver ended. */
  lose(gone: Endpoint): void {
    for (const { link, endpoint } of this.#links) if (endpoint === gone) link.loseServer()
  }

  /** One of the connections breaks, for no reason anybody knows. Whether there was one. */
  cutOne(): boolean {
    const open = this.#links.filter(({ link }) => link.open)
    if (open.length === 0) return false
    this.#world.random.pick(open).link.cut()
    return true
  }

  tick(): void {
    for (const { link, endpoint } of this.#links) link.tick(endpoint.frozen)
    if (this.#links.length > LINKS_MAX) this.#links = this.#links.filter(({ link }) => !link.over)
  }
}
