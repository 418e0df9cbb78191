import { createHash } from 'node:crypto'

/** Longest name of a Service: it is a label of DNS. */
const LABEL_MAX = 63
const HASH_DIGITS = 8

/** Names of what a pool is made of, by the name of its FlumeAgent. */
export function poolNames(agent: string) {
  return {
    statefulSet: agent,
    /** Where each pod has its own name, whether ready or not. */
    podsService: `${agent}-pods`,
    /** The pods that are ready: what other pools send to. */
    readyService: `${agent}-ready`,
    configMap: `${agent}-config`,
    serviceAccount: agent,
    disruptionBudget: agent,
  } as const
}

/** Name of the pod of an ordinal. */
export function podName(agent: string, ordinal: number): string {
  return `${agent}-${ordinal}`
}

/** A listening source of a pool. */
export interface ListeningSource {
  readonly flow: string
  readonly source: string
}

/**
 * Names of the Services of listening sources, oldest flow first: `<agent>-<flow>-<source>`. One that
 * is too long, or that another source has already, ends with a hash of its parts.
 */
export function serviceNames(agent: string, sources: readonly ListeningSource[]): string[] {
  const taken = new Set<string>()
  return sources.map(({ flow, source }) => {
    const parts = [agent, flow, source]
    const plain = parts.join('-')
    // The name of a source would make it a Service that another pool has: hub-x-ready.
    const isReserved = source === 'pods' || source === 'ready'
    const isPlain = plain.length <= LABEL_MAX && !taken.has(plain) && !isReserved
    const name = isPlain ? plain : shortened(plain, parts)
    taken.add(name)
    return name
  })
}

/** As much of the name as there is room for, and a hash of its parts. */
function shortened(plain: string, parts: readonly string[]): string {
  const hash = createHash('sha256').update(parts.join('/')).digest('hex').slice(0, HASH_DIGITS)
  const start = plain.slice(0, LABEL_MAX - HASH_DIGITS - 1).replace(/-+$/, '')
  return `${start}-${hash}`
}
