import { createServer } from 'node:net'
import type { Random } from '../lib/random.ts'

/**
 * Below the ports that Linux gives to outgoing connections (32768 and up): one of those could take the
 * port while its process is being started again.
 */
const FIRST = 20_000
const COUNT = 12_000
const ATTEMPTS_MAX = 1_000

/** Whether a server could listen there now. */
export type Probe = (host: string, port: number) => Promise<boolean>

/** A port at which nobody listens and which is not `taken`; undefined when none was found. */
export async function findFreePort(
  host: string,
  taken: ReadonlySet<number>,
  { probe, random }: { readonly probe: Probe; readonly random: Random },
): Promise<number | undefined> {
  for (let i = 0; i < ATTEMPTS_MAX; i++) {
    const port = FIRST + Math.floor(random.number() * COUNT)
    if (!taken.has(port) && (await probe(host, port))) return port
  }
  return undefined
}

export const probePort: Probe = (host, port) =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
