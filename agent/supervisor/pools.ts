import { agentsOf, compile, inOrder, replicasOf } from '../config/compile.ts'
import type { CompileOptions } from '../config/compile.ts'
import { configurationHash } from '../config/configuration-hash.ts'
import { unattributed } from '../config/input.ts'
import type { Input } from '../config/input.ts'
import { checkPorts, listenersOf } from '../config/listeners.ts'
import type { Manifest } from '../config/manifests.ts'
import type { Problem } from '../config/problem.ts'
import { secretFileIn, secretsNowhere } from '../config/secrets.ts'
import { addressesOf, layOut } from './layout.ts'
import type { Layout } from './layout.ts'
import type { PortBook } from './port-book.ts'
import { replicaSpec } from './replica-spec.ts'
import type { SpecOptions } from './replica-spec.ts'
import type { ReplicaSpec } from './replica.ts'

/** All replicas of one agent in one version of its manifests. */
export interface Pool {
  readonly agent: string
  readonly layout: Layout
  readonly specs: readonly ReplicaSpec[]
  /** Where its manifests stood. */
  readonly files: ReadonlySet<string>
}

export interface Pools {
  /** Of this version, without mistakes. */
  readonly pools: ReadonlyMap<string, Pool>
  /** With mistakes, or perhaps not complete: they go on in their version of before. */
  readonly kept: readonly string[]
  /** With mistakes and without a version of before. */
  readonly refused: readonly string[]
  readonly problems: readonly Problem[]
}

export interface PoolsOptions extends SpecOptions {
  readonly ports: PortBook
  /** Addresses of agents that are not in the input. */
  readonly addresses: ReadonlyMap<string, readonly string[]>
  /** Where Secrets are files, if anywhere. */
  readonly secretsDirectory?: string | undefined
}

/**
 * What is to run of an input: every agent without mistakes in its own manifests and in where it sends
 * its events. The mistakes of one agent leave the others alone. A file that cannot be read may have
 * been about any agent: those that it was about before, or that are missing now, are kept.
 */
export async function planPools(
  input: Input,
  before: ReadonlyMap<string, Pool>,
  options: PoolsOptions,
): Promise<Pools> {
  const { manifests } = input
  const lost = unattributed(input)
  const mistakes = mistakesOf(manifests, options)
  const unclear = unclearOf(manifests, lost, before)
  const usable = agentsOf(manifests).filter((agent) => !mistakes.has(agent) && !unclear.has(agent))
  options.ports.reserve(writtenPorts(manifests))
  const layouts = new Map([...before].map(([agent, { layout }]) => [agent, layout]))
  for (const agent of agentsOf(manifests)) {
    // One with mistakes is where it was; one that never was still has an address to send events to.
    if (usable.includes(agent) || !layouts.has(agent))
      layouts.set(agent, await layOut(manifests, agent, options.ports))
  }
  const pools = new Map<string, Pool>()
  for (const agent of usable) {
    const pool = poolOf(manifests, layouts, agent, options)
    if ('specs' in pool) pools.set(agent, pool)
    else mistakes.set(agent, pool.problems)
  }
  const bad = [...new Set([...mistakes.keys(), ...unclear])].sort()
  const problems = [...lost, ...[...mistakes.values()].flat()]
  return {
    pools,
    kept: bad.filter((agent) => before.has(agent)),
    refused: bad.filter((agent) => !before.has(agent)),
    problems: inOrder(input.names, problems),
  }
}

/** Agents with mistakes, and these, as far as they do not depend on where anybody runs. */
function mistakesOf(
  manifests: readonly Manifest[],
  { addresses, secretsDirectory }: PoolsOptions,
): Map<string, readonly Problem[]> {
  const resolve: CompileOptions['resolve'] = (agent, source) =>
    addresses.get(agent) ?? (source === undefined ? undefined : [])
  const found = new Map<string, readonly Problem[]>()
  for (const agent of agentsOf(manifests)) {
    const nowhere = secretsDirectory === undefined ? secretsNowhere(manifests, agent) : []
    const problems = [...compile(manifests, { agent, resolve }).problems, ...nowhere]
    if (problems.length > 0) found.set(agent, problems)
  }
  // Agents share this machine, and so its ports. The first one in the input has it.
  const listeners = [...new Set(manifests.flatMap((each) => each.agent ?? []))]
    .filter((agent) => !found.has(agent) && replicasOf(manifests, agent) > 0)
    .flatMap((agent) => listenersOf(manifests, agent))
  for (const { manifest, problem } of checkPorts(listeners)) {
    const agent = manifest.agent!
    found.set(agent, [...(found.get(agent) ?? []), problem])
  }
  return found
}

/** Agents of which a part may stand in a file that could not be read. */
function unclearOf(
  manifests: readonly Manifest[],
  lost: readonly Problem[],
  before: ReadonlyMap<string, Pool>,
): ReadonlySet<string> {
  if (lost.length === 0) return new Set()
  const files = new Set(lost.map((problem) => problem.file))
  const present = new Set(agentsOf(manifests))
  const unclear = [...before.values()].filter(
    (pool) => !present.has(pool.agent) || [...pool.files].some((file) => files.has(file)),
  )
  return new Set(unclear.map((pool) => pool.agent))
}

function writtenPorts(manifests: readonly Manifest[]): number[] {
  return agentsOf(manifests)
    .flatMap((agent) => listenersOf(manifests, agent))
    .map((listener) => listener.port)
}

function poolOf(
  manifests: readonly Manifest[],
  layouts: ReadonlyMap<string, Layout>,
  agent: string,
  options: PoolsOptions,
): Pool | { readonly problems: readonly Problem[] } {
  const layout = layouts.get(agent)!
  const own = manifests.filter((each) => each.agent === agent)
  const used = new Map<string, readonly string[]>()
  const resolve: CompileOptions['resolve'] = (name, source) => {
    const target = layouts.get(name)
    const found =
      options.addresses.get(name) ??
      (source === undefined || target === undefined ? undefined : addressesOf(target, source))
    if (found !== undefined) used.set(name, found)
    return found
  }
  const { secretsDirectory } = options
  const secretFile = secretsDirectory === undefined ? undefined : secretFileIn(secretsDirectory)
  const specs: ReplicaSpec[] = []
  for (const place of layout.replicas) {
    const ports = new Map(
      place.sources.flatMap(({ key, port, written }) => (written ? [] : [[key, port] as const])),
    )
    const port: CompileOptions['port'] = (flow, source) => ports.get(`${flow}/${source}`)
    const { plan, problems } = compile(manifests, { agent, resolve, port, secretFile })
    if (plan === undefined) return { problems }
    const parts = { place, ports, addresses: used, manifests: own }
    specs.push(replicaSpec(agent, parts, configurationHash(plan), options))
  }
  return { agent, layout, specs, files: new Set(own.map((each) => each.file)) }
}
