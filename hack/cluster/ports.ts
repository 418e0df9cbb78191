import { createServer } from 'node:net'
import { randomInt } from 'node:crypto'

/**
 * Below the range that the kernel takes local ports of outgoing connections from, so that a server that
 * is started again after a while gets its port again.
 */
const FIRST = 20_000
const LAST = 32_000
const TRIES_MAX = 100

/** Ports of an address that nobody listens on at this moment, each another. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count; tries += 1) {
    if (tries === TRIES_MAX) throw new Error(`no free port of ${host} between ${FIRST} and ${LAST}`)
    const port = randomInt(FIRST, LAST)
    if (await isFree(port, host)) ports.add(port)
  }
  return [...ports]
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
