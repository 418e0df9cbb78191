import { InvalidArgumentError } from 'commander'
import { parseAddress } from './address.ts'

/** Replicas of one agent that can be named. */
const ADDRESSES_MAX = 100

const NAME = '[a-z0-9][-a-z0-9]{0,62}'

/**
 * One more `NAME=HOST:PORT[,HOST:PORT…]` of `--agent-address`: agent → addresses of its replicas.
 * The same name given again adds to its addresses. `NAME=` says that it has no replica at present.
 */
export function addAgentAddress(
  text: string,
  previous: ReadonlyMap<string, readonly string[]> = new Map(),
): ReadonlyMap<string, readonly string[]> {
  const match = new RegExp(`^(${NAME})=(.*)$`).exec(text)
  const list = match?.[2] ?? ''
  const added = list === '' ? [] : list.split(',')
  if (match === null || !added.every(isPeer))
    throw new InvalidArgumentError(
      'Expected NAME=HOST:PORT[,HOST:PORT], such as hub=10.0.0.7:4141,10.0.0.8:4141.',
    )
  const name = match[1]!
  const all = [...new Set([...(previous.get(name) ?? []), ...added])]
  if (all.length > ADDRESSES_MAX)
    throw new InvalidArgumentError(`Expected at most ${ADDRESSES_MAX} addresses of one agent.`)
  return new Map([...previous, [name, all]])
}

/** One more `FLOW/SOURCE=PORT` of `--port`: `FLOW/SOURCE` → port. */
export function addPort(
  text: string,
  previous: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, number> {
  const match = new RegExp(`^(${NAME}/${NAME})=([0-9]{1,5})$`).exec(text)
  const port = Number(match?.[2])
  if (match === null || port > 65_535)
    throw new InvalidArgumentError(
      'Expected FLOW/SOURCE=PORT, such as web/in=4142; port 0: a free one.',
    )
  return new Map([...previous, [match[1]!, port]])
}

/** Somebody can be reached there: a host, and a port that is not 0. */
function isPeer(text: string): boolean {
  const address = parseAddress(text)
  return address !== undefined && address.port > 0 && !text.startsWith(':')
}
