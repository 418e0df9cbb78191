import type { AgentPlan } from '../core/plan.ts'
import { readManifests } from './manifests.ts'
import type { Manifest } from './manifests.ts'
import { lineOf } from './node.ts'
import { planFlow } from './plan-flow.ts'
import { formatPath, printable } from './problem.ts'
import type { Problem } from './problem.ts'
import { readTexts } from './read.ts'
import { cure, listed } from './suggest.ts'

interface Loaded {
  /** All mistakes of all files: in the order of the files, within one by line. */
  readonly problems: readonly Problem[]
  /** What was skipped, one line each. */
  readonly notes: readonly string[]
  /** The files that were read or tried; what a watcher watches beside the given directories. */
  readonly files: readonly string[]
}

export interface LoadedAgents extends Loaded {
  /** Empty where there are problems. */
  readonly agents: readonly AgentPlan[]
}

export interface LoadedConfiguration extends Loaded {
  /** undefined where there are problems. */
  readonly plan: AgentPlan | undefined
}

/**
 * Reads manifests and makes the plan of one agent: of the one named `agent`, else of the only one.
 * Never throws for what stands in the files or for files that cannot be read.
 */
export async function loadConfiguration(
  paths: readonly string[],
  options: { readonly agent?: string } = {},
): Promise<LoadedConfiguration> {
  const { agents, ...loaded } = await loadAgents(paths)
  if (loaded.problems.length > 0) return { ...loaded, plan: undefined }
  const chosen = choose(agents, options.agent)
  if ('name' in chosen) return { ...loaded, plan: chosen }
  return { ...loaded, plan: undefined, problems: [chosen] }
}

/** Reads manifests and makes the plans of all agents they define, by name. */
export async function loadAgents(paths: readonly string[]): Promise<LoadedAgents> {
  const { texts, files, problems: unreadable } = await readTexts(paths)
  const read = texts.map(readManifests)
  const manifests = read.flatMap((each) => each.manifests)
  const across = checkAcross(manifests)
  const order = new Map(texts.map((text, i) => [text.name, i]))
  const problems = [...unreadable, ...read.flatMap((each) => each.problems), ...across].sort(
    (a, b) => (order.get(a.file) ?? -1) - (order.get(b.file) ?? -1) || a.line - b.line,
  )
  const notes = read.flatMap((each) => each.notes)
  return { agents: problems.length > 0 ? [] : planAgents(manifests), problems, notes, files }
}

function planAgents(manifests: readonly Manifest[]): AgentPlan[] {
  const agents = new Map<string, AgentPlan['flows'][number][]>()
  for (const { flow, name } of manifests) {
    const agent = flow === undefined ? name! : agentOf(flow)!
    const flows = agents.get(agent) ?? []
    agents.set(agent, flows)
    if (flow !== undefined) flows.push(planFlow(flow))
  }
  return [...agents].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, flows]) => ({ name, flows }))
}

/** A flow that names no agent runs in one of its own. */
function agentOf(flow: { readonly agent: string | undefined; readonly name: string | undefined }) {
  return flow.agent ?? flow.name
}

function choose(agents: readonly AgentPlan[], wanted: string | undefined): AgentPlan | Problem {
  const names = agents.map((agent) => agent.name)
  const chosen = wanted === undefined ? agents[0] : agents.find(({ name }) => name === wanted)
  if (chosen !== undefined && (wanted !== undefined || agents.length === 1)) return chosen
  const problem = { file: '', line: 0, path: '' }
  if (agents.length === 0) {
    const message =
      'the input defines no agent: it has no FlumeFlow and no FlumeAgent. Check the paths after -f'
    return { ...problem, code: 'FLM1306', message }
  }
  if (wanted !== undefined) {
    const message = `the input defines no agent ${JSON.stringify(wanted)}.${cure(wanted, names, 'agents')}`
    return { ...problem, code: 'FLM1306', message }
  }
  const message = `the input defines ${names.length} agents: ${listed(names)}. Choose one with --agent NAME`
  return { ...problem, code: 'FLM1306', message }
}

/** Names used twice and agents that are not there, over all files. */
function checkAcross(manifests: readonly Manifest[]): Problem[] {
  const agents = manifests.filter((each) => each.kind === 'FlumeAgent')
  const flows = manifests.filter((each) => each.kind === 'FlumeFlow')
  return [
    ...repeated(agents),
    ...repeated(flows),
    ...clashes(agents, flows),
    ...unknownAgents(agents, flows),
  ]
}

function repeated(manifests: readonly Manifest[]): Problem[] {
  const first = new Map<string, Manifest>()
  return manifests.flatMap((manifest) => {
    const { name, kind } = manifest
    if (name === undefined) return []
    const earlier = first.get(name)
    if (earlier === undefined) {
      first.set(name, manifest)
      return []
    }
    const place = `${earlier.file}:${lineOf(earlier.root, NAME)}`
    const message = `the name ${JSON.stringify(name)} is used by two ${kind} manifests, first at ${place}. Give each a name of its own`
    return [problemAt(manifest, 'FLM1205', NAME, message)]
  })
}

const NAME = ['metadata', 'name']
const AGENT_NAME = ['spec', 'agentRef', 'name']

/** A flow's own agent and a written one would share a name, a directory and a lock. */
function clashes(agents: readonly Manifest[], flows: readonly Manifest[]): Problem[] {
  const names = new Set(agents.map((agent) => agent.name))
  return flows.flatMap((manifest) => {
    if (manifest.name === undefined || manifest.flow?.agent !== undefined) return []
    if (!names.has(manifest.name)) return []
    const message = `a flow without spec.agentRef runs in an agent of its own, named after it, but ${JSON.stringify(manifest.name)} is also a FlumeAgent. Add spec.agentRef or rename one`
    return [problemAt(manifest, 'FLM1205', NAME, message)]
  })
}

/**
 * Where the input has agents, references must name one of them. Where it has none they are defined
 * elsewhere: a file of flows alone is a whole configuration.
 */
function unknownAgents(agents: readonly Manifest[], flows: readonly Manifest[]): Problem[] {
  const names = agents.flatMap((agent) => agent.name ?? [])
  if (names.length < agents.length || names.length === 0) return []
  return flows.flatMap((manifest) => {
    const agent = manifest.flow?.agent
    if (agent === undefined || names.includes(agent)) return []
    const message = `there is no FlumeAgent ${JSON.stringify(agent)} in the input.${cure(agent, names, 'agents')}`
    return [problemAt(manifest, 'FLM1301', AGENT_NAME, message)]
  })
}

function problemAt(
  manifest: Manifest,
  code: Problem['code'],
  path: string[],
  message: string,
): Problem {
  const line = lineOf(manifest.root, path)
  return { code, file: manifest.file, line, path: formatPath(path), message: printable(message) }
}
