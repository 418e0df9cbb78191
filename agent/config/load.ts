import type { AgentPlan } from '../core/plan.ts'
import { agentsOf, compile, replicasOf } from './compile.ts'
import type { CompileOptions } from './compile.ts'
import { checkInput, readInput } from './input.ts'
import { listenersOf } from './listeners.ts'
import type { Problem } from './problem.ts'
import { pluginsDirectoryOf, resolveInput } from './resolve.ts'
import { secretFileIn, secretsNowhere } from './secrets.ts'
import { listed } from './suggest.ts'

interface Loaded {
  /** All mistakes of all files: in the order of the files, within one by line. */
  readonly problems: readonly Problem[]
  /** What was skipped, one line each. */
  readonly notes: readonly string[]
}

export interface LoadedAgents extends Loaded {
  /** Empty where there are problems. */
  readonly agents: readonly LoadedAgent[]
}

export interface LoadedAgent extends AgentPlan {
  readonly replicas: number
}

export interface LoadedConfiguration extends Loaded {
  /** undefined where there are problems. */
  readonly plan: AgentPlan | undefined
  /** `FLOW/SOURCE` of the sources of the plan that listen. */
  readonly listeners: readonly string[]
}

/** Where replicas are, as said on the command line. */
export interface Bindings {
  /** Agent → addresses (`HOST:PORT`) of its replicas, for sinks that hand events to it. */
  readonly addresses?: ReadonlyMap<string, readonly string[]>
  /** `FLOW/SOURCE` → the port to listen at instead of the written one. */
  readonly ports?: ReadonlyMap<string, number>
  /** Where modules of custom interceptors lie; omitted: `plugins` beside the first of the manifests. */
  readonly pluginsDirectory?: string
  /** Where Secrets are files, `DIR/<secret>/<key>`. */
  readonly secretsDirectory?: string
}

/**
 * Reads manifests and makes the plan of one agent: of the one named `agent`, else of the only one.
 * Never throws for what stands in the files or for files that cannot be read.
 */
export async function loadConfiguration(
  paths: readonly string[],
  options: { readonly agent?: string } & Bindings = {},
): Promise<LoadedConfiguration> {
  const read = await readInput(paths)
  const [only, ...others] = agentsOf(read.manifests)
  const wanted = options.agent ?? (others.length === 0 ? only : undefined)
  const plugins = pluginsDirectoryOf(paths, options.pluginsDirectory)
  const input = wanted === undefined ? read : await resolveInput(read, plugins, wanted)
  const { manifests, notes } = input
  const problems = checkInput(input, anywhere(options))
  const none = { notes, plan: undefined, listeners: [] }
  if (problems.length > 0) return { ...none, problems }
  const agent = choose(agentsOf(manifests), options.agent)
  if (typeof agent !== 'string') return { ...none, problems: [agent] }
  const { addresses, ports, secretsDirectory } = options
  const nowhere = secretsDirectory === undefined ? secretsNowhere(manifests, agent) : []
  if (nowhere.length > 0) return { ...none, problems: nowhere }
  return {
    notes,
    listeners: listenersOf(manifests, agent).map(({ flow, source }) => `${flow}/${source}`),
    ...compile(manifests, {
      agent,
      resolve: (name) => addresses?.get(name),
      port: (flow, source) => ports?.get(`${flow}/${source}`),
      secretFile: secretsDirectory === undefined ? undefined : secretFileIn(secretsDirectory),
    }),
  }
}

/** Reads manifests and makes the plans of all agents they define, by name; without addresses. */
export async function loadAgents(
  paths: readonly string[],
  bindings: Bindings = {},
): Promise<LoadedAgents> {
  const plugins = pluginsDirectoryOf(paths, bindings.pluginsDirectory)
  const input = await resolveInput(await readInput(paths), plugins)
  const { manifests, notes } = input
  const resolve = anywhere(bindings)
  const problems = checkInput(input, resolve)
  const agents = agentsOf(manifests).flatMap((agent): LoadedAgent[] => {
    const { plan } = compile(manifests, { agent, resolve })
    return plan === undefined ? [] : [{ ...plan, replicas: replicasOf(manifests, agent) }]
  })
  return { agents: problems.length > 0 ? [] : agents, problems, notes }
}

/** Agents of the input count as known: where they are is asked of the one that runs. */
function anywhere({ addresses }: Bindings): CompileOptions['resolve'] {
  return (agent, source) => addresses?.get(agent) ?? (source === undefined ? undefined : [])
}

function choose(names: readonly string[], wanted: string | undefined): string | Problem {
  // That there is one of this name is asked when it is made.
  if (wanted !== undefined && names.length > 0) return wanted
  if (names.length === 1) return names[0]!
  const message =
    names.length === 0
      ? 'the input defines no agent: it has no FlumeFlow and no FlumeAgent. Check the paths after -f'
      : `the input defines ${names.length} agents: ${listed(names)}. Choose one with --agent NAME`
  return { code: 'FLM1306', file: '', line: 0, path: '', message }
}
