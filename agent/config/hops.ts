import { faultAt } from './across.ts'
import type { Fault } from './across.ts'
import type { SinkDraft, SourceDraft } from './draft.ts'
import { SINKS, SOURCES } from './entries.ts'
import type { Manifest } from './manifests.ts'
import type { Problem } from './problem.ts'
import { cure, listed } from './suggest.ts'

/** What a sink names that hands its events to another agent. */
export interface Hop {
  readonly flow: Manifest
  readonly sink: SinkDraft
  /** The agent that takes the events. */
  readonly agent: string
  /** Its source; undefined where the agent is not in the input, so that only its addresses count. */
  readonly source: HopSource | undefined
}

export interface HopSource {
  readonly flow: string
  readonly name: string
  /** Where it is written to listen. */
  readonly host: string
  readonly port: number
  readonly config: unknown
}

export interface Hops {
  readonly hops: readonly Hop[]
  readonly faults: readonly Fault[]
}

/** The hops of one agent's flows. `manifests` are all of the input: the targets are among them. Pure. */
export function findHops(manifests: readonly Manifest[], agent: string): Hops {
  const hops: Hop[] = []
  const faults: Fault[] = []
  for (const flow of manifests) {
    if (flow.agent !== agent) continue
    for (const sink of flow.flow?.sinks ?? []) {
      const found = findHop(manifests, flow, sink)
      if (found === undefined) continue
      if ('problem' in found) faults.push(found)
      else {
        hops.push(found)
        faults.push(...disagreements(found))
      }
    }
  }
  return { hops, faults }
}

function findHop(
  manifests: readonly Manifest[],
  flow: Manifest,
  sink: SinkDraft,
): Hop | Fault | undefined {
  const target = targetOf(sink)
  if (target === undefined) return undefined
  const { agent, source, type } = target
  const path = [...sink.path, sink.types[0]!]
  const fault = (code: Problem['code'], key: string, message: string): Fault =>
    faultAt(flow, code, [...path, key], message)
  if (agent === flow.agent) {
    const message = `the flow runs in the agent ${JSON.stringify(agent)} itself: its events would go round for ever. Name another agent`
    return fault('FLM1307', 'name', message)
  }
  const hop = { flow, sink, agent }
  if (!manifests.some((each) => each.agent === agent)) return { ...hop, source: undefined }
  const sources = sourcesOf(manifests, agent, type)
  if (source !== undefined) {
    const chosen = sources.find((each) => nameOf(each) === source)
    if (chosen !== undefined) return { ...hop, source: chosen }
    const names = sources.map(nameOf)
    const message = `the agent ${JSON.stringify(agent)} has no ${type} source ${JSON.stringify(source)}.${cure(source, names, 'sources')}`
    return fault('FLM1301', 'source', message)
  }
  if (sources.length === 1) return { ...hop, source: sources[0]! }
  if (sources.length === 0) {
    const message = `the agent ${JSON.stringify(agent)} has no ${type} source to take the events. Add one to a flow of it`
    return fault('FLM1307', 'name', message)
  }
  const message = `the agent ${JSON.stringify(agent)} has ${sources.length} ${type} sources: ${listed(sources.map(nameOf))}. Choose one with source: ${nameOf(sources[0]!)}`
  return fault('FLM1307', 'name', message)
}

/** What both ends of a connection have to be configured with alike, where both know of it. */
function disagreements({ flow, sink, agent, source }: Hop): Fault[] {
  if (source === undefined) return []
  const ours = sink.config as Readonly<Record<string, unknown>>
  const theirs = source.config as Readonly<Record<string, unknown>>
  const where = `the source ${nameOf(source)} of the agent ${JSON.stringify(agent)}`
  const fault = (key: string, message: string): Fault =>
    faultAt(flow, 'FLM1312', [...sink.path, sink.types[0]!, key], message)
  const faults: Fault[] = []
  if (ours['compression'] !== theirs['compression']) {
    const wanted = String(theirs['compression'])
    faults.push(
      fault(
        'compression',
        `${where} has compression ${wanted}. Set compression: ${wanted} here too`,
      ),
    )
  }
  if (theirs['tls'] !== undefined && ours['tls'] === undefined)
    faults.push(
      fault('tls', `${where} has TLS and this sink has not. Add tls, with the ca to trust`),
    )
  if (theirs['tls'] === undefined && ours['tls'] !== undefined)
    faults.push(fault('tls', `${where} has no TLS. Add tls there, or remove it here`))
  return faults
}

function targetOf({ types, config }: SinkDraft) {
  return config === undefined ? undefined : SINKS[types[0]!]!.target?.(config)
}

/** Sources of an agent that take what such a sink sends. */
function sourcesOf(manifests: readonly Manifest[], agent: string, type: string): HopSource[] {
  return manifests
    .filter((each) => each.agent === agent)
    .flatMap(({ flow }) => {
      const flowName = flow?.name
      if (flow === undefined || flowName === undefined) return []
      return flow.sources
        .filter((source) => source.types[0] === type)
        .flatMap((source) => hopSource(flowName, source) ?? [])
    })
}

function hopSource(flow: string, source: SourceDraft): HopSource | undefined {
  const address = listenAddress(source)
  if (source.name === undefined || address === undefined) return undefined
  return { flow, name: source.name, ...address, config: source.config }
}

/** Where a source listens, as it is written; undefined for one that does not, or with mistakes. */
export function listenAddress({ types, config }: SourceDraft) {
  return config === undefined ? undefined : SOURCES[types[0]!]!.listens?.(config)
}

function nameOf({ flow, name }: HopSource): string {
  return `${flow}/${name}`
}
