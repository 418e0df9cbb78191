import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'

/**
 * The addresses of a name, sorted: those of IPv4 if there are any, else those of IPv6, so that a machine with
 * both counts once. Empty where the name has none; rejects where nobody could say.
 */
export type ResolveName = (host: string) => Promise<readonly string[]>

/** One question to the servers; rejects as node:dns does. */
export type Ask = (name: string, family: 4 | 6) => Promise<readonly string[]>

const RESOLV_CONF = '/etc/resolv.conf'
const QUERY_TIMEOUT_MS = 1_000
const QUERY_TRIES = 2
/** What the system takes of a search list. */
const SEARCH_MAX = 32

/** The name does not exist, for any family; it has no address of this family. Both are answers. */
const NO_NAME = 'ENOTFOUND'
const NO_ADDRESS = 'ENODATA'
/** Whoever does not answer for one name does not for the others. */
const NOBODY = new Set(['ETIMEOUT', 'ECONNREFUSED'])

/**
 * Resolves as the system would by /etc/resolv.conf, but without its thread pool, on which syncs of channels
 * wait. Hosts files are not looked at: this is for names of services.
 */
export const resolveName: ResolveName = async (host) => {
  if (isIP(host) !== 0) return [host]
  const conf = await readFile(RESOLV_CONF, 'utf8').catch(() => '')
  const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES })
  return resolveBy(searchNames(host, conf), (name, family) =>
    family === 4 ? resolver.resolve4(name) : resolver.resolve6(name),
  )
}

/**
 * The first of the names that has an address decides. Where none has and one could not be asked, nobody
 * knows: that rejects.
 */
export async function resolveBy(names: readonly string[], ask: Ask): Promise<readonly string[]> {
  let failure: Error | undefined
  for (const name of names) {
    try {
      const addresses = await addressesOf(name, ask)
      if (addresses.length > 0) return [...new Set(addresses)].sort()
    } catch (error) {
      if (NOBODY.has(codeOf(error))) throw error
      failure ??= error as Error
    }
  }
  if (failure !== undefined) throw failure
  return []
}

async function addressesOf(name: string, ask: Ask): Promise<readonly string[]> {
  for (const family of [4, 6] as const) {
    try {
      const addresses = await ask(name, family)
      if (addresses.length > 0) return addresses
    } catch (error) {
      if (codeOf(error) === NO_NAME) return []
      if (codeOf(error) !== NO_ADDRESS) throw error
    }
  }
  return []
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code)
}

/** The names to ask for, in the order of the system: `search` and `ndots` of resolv.conf. Pure. */
export function searchNames(host: string, conf: string): string[] {
  if (host.endsWith('.')) return [host]
  let search: readonly string[] = []
  let ndots = 1
  for (const line of conf.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/)
    // The last line of a kind counts.
    if (keyword === 'search' || keyword === 'domain') search = values.slice(0, SEARCH_MAX)
    if (keyword !== 'options') continue
    const given = values.map((each) => /^ndots:([0-9]{1,2})$/.exec(each)?.[1])
    ndots = Number(given.findLast((each) => each !== undefined) ?? ndots)
  }
  const searched = search.map((domain) => `${host}.${domain.replace(/\.$/, '')}`)
  const dots = host.split('.').length - 1
  return dots >= ndots ? [host, ...searched] : [...searched, host]
}
