import type { AgentPlan } from '../core/plan.ts'
import type { SecretFile } from '../core/tls.ts'
import { checkAcross, faultAt } from './across.ts'
import type { Fault } from './across.ts'
import { findHops } from './hops.ts'
import type { Hop, HopSource } from './hops.ts'
import { checkPorts, listenersOf } from './listeners.ts'
import type { Manifest } from './manifests.ts'
import { nodeAt } from './node.ts'
import { planFlow } from './plan-flow.ts'
import type { Peers } from './plan-flow.ts'
import type { Problem } from './problem.ts'
import { cure } from './suggest.ts'

export interface CompileOptions {
  /** Name of the agent to make the plan of. */
  readonly agent: string
  /**
   * Where the replicas of an agent are that events are handed to, by the source that takes them; no
   * address while it has no replica, undefined where that is not known, which is a problem. `source` is
   * undefined where the agent is not among the manifests. `sink` is the name of the one that sends.
   */
  readonly resolve: (
    agent: string,
    source: HopSource | undefined,
    sink: string | undefined,
  ) => Peers | undefined
  /** The port of a listening source, where it is to be another than the written one. */
  readonly port?: (flow: string, source: string) => number | undefined
  /** Where the keys of Secrets are files; omitted: the plan keeps the references and cannot be run. */
  readonly secretFile?: SecretFile | undefined
}

export interface Compiled {
  /** undefined where there are problems. */
  readonly plan: AgentPlan | undefined
  /** Those that concern this agent, by file in the order of the manifests and by line. */
  readonly problems: readonly Problem[]
}

/**
 * Makes the plan of one agent from the manifests of all. Pure: the same for `run`, for `up` and for
 * an operator, which differ in where they get the manifests and the addresses from.
 */
export function compile(manifests: readonly Manifest[], options: CompileOptions): Compiled {
  const { agent, port, secretFile } = options
  const mine = manifests.filter((each) => each.agent === agent)
  if (mine.length === 0) return { plan: undefined, problems: [unknownAgent(manifests, agent)] }
  const { hops, faults } = findHops(manifests, agent)
  const { peers, faults: missing } = resolveHops(manifests, hops, options)
  const across = [...checkAcross(manifests), ...faults, ...missing].filter(
    ({ manifest }) => manifest.agent === agent,
  )
  const ports = checkPorts(listenersOf(manifests, agent))
  const problems = [
    ...mine.flatMap((each) => each.problems),
    ...[...across, ...ports].map(({ problem }) => problem),
  ]
  if (problems.length > 0)
    return { plan: undefined, problems: inOrder(filesOf(manifests), problems) }
  const flows = mine.flatMap(({ flow }) => {
    if (flow === undefined) return []
    return planFlow(flow, {
      port: (flowName, source) => port?.(flowName, source),
      peers: (sink) => peers.get(sink),
      secretFile,
    })
  })
  return { plan: { name: agent, flows }, problems: [] }
}

/** Sorts by file, in the order given, and by line. */
export function inOrder(files: readonly string[], problems: readonly Problem[]): Problem[] {
  return problems.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line,
  )
}

function filesOf(manifests: readonly Manifest[]): string[] {
  return [...new Set(manifests.map((each) => each.file))]
}

/** The agents that manifests define or name, sorted. */
export function agentsOf(manifests: readonly Manifest[]): string[] {
  return [...new Set(manifests.flatMap((each) => each.agent ?? []))].sort()
}

/** How many replicas an agent is to have; one where no FlumeAgent says otherwise. */
export function replicasOf(manifests: readonly Manifest[], agent: string): number {
  const own = manifests.find((each) => each.kind === 'FlumeAgent' && each.name === agent)
  const node = own && nodeAt(own.root, ['spec', 'replicas'])
  return node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : 1
}

function unknownAgent(manifests: readonly Manifest[], agent: string): Problem {
  const names = agentsOf(manifests)
  const message = `the input defines no agent ${JSON.stringify(agent)}.${cure(agent, names, 'agents')}`
  return { code: 'FLM1306', file: '', line: 0, path: '', message }
}

function resolveHops(
  manifests: readonly Manifest[],
  hops: readonly Hop[],
  { resolve }: CompileOptions,
) {
  const peers = new Map<Hop['sink'], Peers>()
  const faults: Fault[] = []
  for (const hop of hops) {
    const found = resolve(hop.agent, hop.source, hop.sink.name)
    if (found !== undefined) peers.set(hop.sink, found)
    else if (hop.source === undefined) faults.push(unknownTarget(manifests, hop))
    else faults.push(noAddress(hop, hop.source))
  }
  return { peers, faults }
}

function unknownTarget(manifests: readonly Manifest[], { flow, sink, agent }: Hop): Fault {
  const names = agentsOf(manifests).filter((name) => name !== flow.agent)
  const near = cure(agent, names, 'other agents')
  const message = `there is no agent ${JSON.stringify(agent)} in the input.${near} If it runs elsewhere, give its addresses: --agent-address ${agent}=HOST:PORT[,HOST:PORT]`
  return faultAt(flow, 'FLM1301', [...sink.path, sink.types[0]!, 'name'], message)
}

function noAddress({ flow, sink, agent }: Hop, source: HopSource): Fault {
  const message = `where the replicas of the agent ${JSON.stringify(agent)} listen is not known. Give their addresses: --agent-address ${agent}=HOST:${source.port}[,HOST:${source.port}]`
  return faultAt(flow, 'FLM1308', [...sink.path, sink.types[0]!, 'name'], message)
}
