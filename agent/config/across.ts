import type { Manifest } from './manifests.ts'
import { lineOf } from './node.ts'
import type { Path } from './node.ts'
import { formatPath, printable } from './problem.ts'
import type { Problem } from './problem.ts'
import { cure } from './suggest.ts'

/** A problem of a manifest that is seen only beside the others. */
export interface Fault {
  readonly manifest: Manifest
  readonly problem: Problem
}

/** Names used twice and agents that are not there, over all manifests. Pure. */
export function checkAcross(manifests: readonly Manifest[]): Fault[] {
  const agents = manifests.filter((each) => each.kind === 'FlumeAgent')
  const flows = manifests.filter((each) => each.kind === 'FlumeFlow')
  return [
    ...repeated(agents),
    ...repeated(flows),
    ...clashes(agents, flows),
    ...unknownAgents(agents, flows),
  ]
}

/** A problem at `path` of the manifest. */
export function faultAt(
  manifest: Manifest,
  code: Problem['code'],
  path: Path,
  message: string,
): Fault {
  const line = lineOf(manifest.root, path)
  const problem = {
    code,
    file: manifest.file,
    line,
    path: formatPath(path),
    message: printable(message),
  }
  return { manifest, problem }
}

function repeated(manifests: readonly Manifest[]): Fault[] {
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
    return [faultAt(manifest, 'FLM1205', NAME, message)]
  })
}

const NAME = ['metadata', 'name']
const AGENT_NAME = ['spec', 'agentRef', 'name']

/** A flow's own agent and a written one would share a name, a directory and a lock. */
function clashes(agents: readonly Manifest[], flows: readonly Manifest[]): Fault[] {
  const names = new Set(agents.map((agent) => agent.name))
  return flows.flatMap((manifest) => {
    if (manifest.name === undefined || manifest.flow?.agent !== undefined) return []
    if (!names.has(manifest.name)) return []
    const message = `a flow without spec.agentRef runs in an agent of its own, named after it, but ${JSON.stringify(manifest.name)} is also a FlumeAgent. Add spec.agentRef or rename one`
    return [faultAt(manifest, 'FLM1205', NAME, message)]
  })
}

/**
 * Where the input has agents, references must name one of them. Where it has none they are defined
 * elsewhere: a file of flows alone is a whole configuration.
 */
function unknownAgents(agents: readonly Manifest[], flows: readonly Manifest[]): Fault[] {
  const names = agents.flatMap((agent) => agent.name ?? [])
  if (names.length < agents.length || names.length === 0) return []
  return flows.flatMap((manifest) => {
    const agent = manifest.flow?.agent
    if (agent === undefined || names.includes(agent)) return []
    const message = `there is no FlumeAgent ${JSON.stringify(agent)} in the input.${cure(agent, names, 'agents')}`
    return [faultAt(manifest, 'FLM1301', AGENT_NAME, message)]
  })
}
