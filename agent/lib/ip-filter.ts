import { BlockList, isIP } from 'node:net'
import { lookup, lookupService } from 'node:dns/promises'
import type { Clock } from './clock.ts'
import { sleep } from './clock.ts'

/** Names of this many clients are remembered, for so long. */
const NAMES_MAX = 4096
const NAME_TTL_MS = 60_000
/** A client whose name was not found by then has none. */
const NAME_TIMEOUT_MS = 5_000

/** The first rule that matches decides; a client that none matches is allowed. */
export interface IpRule {
  readonly action: 'allow' | 'deny'
  /**
   * An address with `*` and `?`, or a network such as 10.0.0.0/8. IPv4 clients of a socket that
   * listens on IPv6 are matched by their IPv4 address.
   */
  readonly ip?: string | undefined
  /** A name with `*` and `?`; `localhost` stands for this machine. */
  readonly name?: string | undefined
}

/** Why a rule cannot be understood, or undefined. */
export function ipRuleProblem({ ip, name }: IpRule): string | undefined {
  if ((ip === undefined) === (name === undefined)) return 'expected either ip or name'
  if (ip === undefined || !ip.includes('/')) return undefined
  return networkOf(ip) === undefined ? 'expected a network such as 10.0.0.0/8' : undefined
}

type Matcher = (client: Client) => boolean | Promise<boolean>

interface Client {
  readonly address: string
  name(): Promise<string>
}

/**
 * Who may connect, by address or name, as Flume's ipFilterRules say it. A name counts only if it leads
 * back to the address: whoever owns an address can call it anything.
 */
export class IpFilter {
  readonly #rules: readonly { readonly allowed: boolean; readonly matches: Matcher }[]
  readonly #names: Names

  constructor(rules: readonly IpRule[], clock: Clock, resolve: NameOf = nameOf) {
    this.#rules = rules.map((rule) => ({
      allowed: rule.action === 'allow',
      matches: matcherOf(rule),
    }))
    this.#names = new Names(clock, resolve)
  }

  /** Never rejects: a name that cannot be found is the address itself, as in Java. */
  async allows(remoteAddress: string): Promise<boolean> {
    const address = plainAddress(remoteAddress)
    const client = { address, name: () => this.#names.of(address) }
    for (const { allowed, matches } of this.#rules) if (await matches(client)) return allowed
    return true
  }
}

function matcherOf({ ip, name }: IpRule): Matcher {
  if (name === 'localhost') return ({ address }) => isLoopback(address)
  if (name !== undefined) {
    const pattern = name.toLowerCase()
    return async (client) => isLike((await client.name()).toLowerCase(), pattern)
  }
  const network = ip!.includes('/') ? networkOf(ip!) : undefined
  if (network !== undefined) return ({ address }) => network.check(address, familyOf(address))
  const pattern = ip!.toLowerCase()
  return ({ address }) => isLike(address.toLowerCase(), pattern)
}

/**
 * Whether a text matches a pattern of `*` and `?`. In time of their product at most: the names are of
 * the clients' choice.
 */
function isLike(text: string, pattern: string): boolean {
  let at = 0
  let k = 0
  /** After the last star, and where the text went on behind it. */
  let star = -1
  let resumeAt = 0
  while (at < text.length) {
    if (pattern[k] === '*') {
      star = ++k
      resumeAt = at
    } else if (pattern[k] === '?' || pattern[k] === text[at]) {
      k++
      at++
    } else if (star >= 0) {
      k = star
      at = ++resumeAt
    } else return false
  }
  while (pattern[k] === '*') k++
  return k === pattern.length
}

function networkOf(text: string): BlockList | undefined {
  const [address, prefix, rest] = text.split('/')
  if (rest !== undefined || isIP(address!) === 0 || !/^[0-9]{1,3}$/.test(prefix!)) return undefined
  if (Number(prefix) > (isIP(address!) === 4 ? 32 : 128)) return undefined
  const network = new BlockList()
  network.addSubnet(address!, Number(prefix), familyOf(address!))
  return network
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=[0-9.]+$)/i, '').replace(/%.*$/, '')
}

function isLoopback(address: string): boolean {
  return address === '127.0.0.1' || address === '::1'
}

type NameOf = (address: string) => Promise<string>

async function nameOf(address: string): Promise<string> {
  const { hostname } = await lookupService(address, 0)
  const addresses = await lookup(hostname, { all: true })
  return addresses.some((each) => each.address === address) ? hostname : address
}

/** Names by address, found once for a while. */
class Names {
  readonly #clock: Clock
  readonly #resolve: NameOf
  readonly #known = new Map<string, { readonly name: Promise<string>; readonly untilMs: number }>()

  constructor(clock: Clock, resolve: NameOf) {
    this.#clock = clock
    this.#resolve = resolve
  }

  of(address: string): Promise<string> {
    const nowMs = this.#clock.monotonic()
    const known = this.#known.get(address)
    if (known !== undefined && nowMs < known.untilMs) return known.name
    const name = this.#find(address)
    this.#known.delete(address)
    this.#known.set(address, { name, untilMs: nowMs + NAME_TTL_MS })
    if (this.#known.size > NAMES_MAX) {
      const [oldest] = this.#known.keys()
      this.#known.delete(oldest!)
    }
    return name
  }

  async #find(address: string): Promise<string> {
    const found = new AbortController()
    const late = sleep(this.#clock, NAME_TIMEOUT_MS, found.signal).then(() => address)
    try {
      return await Promise.race([this.#resolve(address), late])
    } catch {
      // There is no such name: the address stands for it.
      return address
    } finally {
      found.abort()
    }
  }
}
