import { replicasOf } from '../config/compile.ts'
import type { HopSource } from '../config/hops.ts'
import { listenersOf } from '../config/listeners.ts'
import type { Listener } from '../config/listeners.ts'
import type { Manifest } from '../config/manifests.ts'
import type { PortBook } from './port-book.ts'

/** The host of admin servers: nobody from outside has a say in what runs here. */
const ADMIN_HOST = '127.0.0.1'
const ADMIN_KEY = 'admin'

/** Where the replicas of one agent are. */
export interface Layout {
  readonly agent: string
  /** By ordinal. */
  readonly replicas: readonly ReplicaPlace[]
}

export interface ReplicaPlace {
  /** `hub-1` */
  readonly name: string
  readonly ordinal: number
  /** `HOST:PORT` of the admin server. */
  readonly admin: string
  readonly sources: readonly SourcePlace[]
}

export interface SourcePlace {
  /** `FLOW/SOURCE` */
  readonly key: string
  readonly host: string
  readonly port: number
  /** Whether the port is the written one. */
  readonly written: boolean
}

/**
 * Gives every replica its ports: the first keeps the written ones, the others have the same on other
 * machines and free ones on this, the same at each start.
 */
export async function layOut(
  manifests: readonly Manifest[],
  agent: string,
  ports: PortBook,
): Promise<Layout> {
  const listeners = listenersOf(manifests, agent)
  const replicas: ReplicaPlace[] = []
  for (let ordinal = 0; ordinal < replicasOf(manifests, agent); ordinal++) {
    const name = `${agent}-${ordinal}`
    const admin = `${ADMIN_HOST}:${await ports.portOf(name, ADMIN_KEY, ADMIN_HOST)}`
    const sources: SourcePlace[] = []
    for (const listener of listeners) sources.push(await placeOf(listener, ordinal, name, ports))
    replicas.push({ name, ordinal, admin, sources })
  }
  return { agent, replicas }
}

async function placeOf(
  { flow, source, host, port }: Listener,
  ordinal: number,
  replica: string,
  ports: PortBook,
): Promise<SourcePlace> {
  const key = `${flow}/${source}`
  if (ordinal === 0 && port !== 0) return { key, host, port, written: true }
  return { key, host, port: await ports.portOf(replica, key, host), written: false }
}

/** Where processes of this machine reach a source of each replica. */
export function addressesOf({ replicas }: Layout, { flow, name }: HopSource): string[] {
  return replicas.flatMap(({ sources }) => {
    const place = sources.find(({ key }) => key === `${flow}/${name}`)
    return place === undefined ? [] : [reachable(place)]
  })
}

/** A source that listens everywhere is reached by the loopback address. */
function reachable({ host, port }: SourcePlace): string {
  const at = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return at.includes(':') ? `[${at}]:${port}` : `${at}:${port}`
}
