import type { AdminAddress } from '../admin/server.ts'

export const DEFAULT_ADMIN_ADDRESS = '127.0.0.1:8081'

/**
 * `HOST:PORT`, `[IPv6]:PORT`, or `:PORT` for all interfaces, IPv6 and IPv4. undefined when it is none of
 * these.
 */
export function parseAddress(text: string): AdminAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]*)):([0-9]{1,5})$/.exec(text)
  if (match === null) return undefined
  const port = Number(match[3])
  if (port > 65_535) return undefined
  return { host: match[1] ?? (match[2] || '::'), port }
}

export function formatAddress({ host, port }: AdminAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Where a client on this machine reaches a server that listens at `address`. */
export function reachable({ host, port }: AdminAddress): AdminAddress {
  // Who listens at all addresses of IPv6 takes connections to those of IPv4 too.
  return { host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port }
}
