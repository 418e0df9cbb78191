import { listenersOf } from '../../agent/config/listeners.ts'
import type { Listener } from '../../agent/config/listeners.ts'
import { checkManifest } from '../../agent/config/manifests.ts'
import type { Manifest } from '../../agent/config/manifests.ts'
import { fromValue } from '../../agent/config/node.ts'
import type { Problem } from '../../agent/config/problem.ts'
import { API_VERSION } from '../../agent/config/schema.ts'
import type { ManifestKind } from '../../agent/config/schema.ts'
import type { FlumeFlow } from '../api/types.ts'

/** What is checked of a flow, whether it comes from the API server or was delivered earlier. */
interface FlowBody {
  readonly metadata: { readonly name: string }
  readonly spec: unknown
}

/** Objects of the caches never change: each is read once. */
const read = new WeakMap<FlowBody, Manifest>()

/** The flow as the agent reads it, with what is wrong with it by itself. */
export function manifestOf(flow: FlumeFlow | FlowBody): Manifest {
  const known = read.get(flow)
  if (known !== undefined) return known
  const manifest = readOne('FlumeFlow', flow.metadata.name, flow.spec)
  read.set(flow, manifest)
  return manifest
}

/** Stands for a pool that is there, whatever runs in it. */
export function agentManifest(name: string): Manifest {
  return readOne('FlumeAgent', name, {})
}

function readOne(kind: ManifestKind, name: string, spec: unknown): Manifest {
  return checkManifest(
    '',
    fromValue({ apiVersion: API_VERSION, kind, metadata: { name }, spec }),
    kind,
  )
}

/** The sources of one flow that listen. */
export function listenersOfFlow(manifest: Manifest): readonly Listener[] {
  return manifest.agent === undefined ? [] : listenersOf([manifest], manifest.agent)
}

/** Problems that are shown; the rest is counted. */
const PROBLEMS_SHOWN = 3

/** `FLM1203 spec.sinks[0].fiel: unknown key. Did you mean "file"?`, a few of them in one line. */
export function describeProblems(problems: readonly Problem[]): string {
  const shown = problems
    .slice(0, PROBLEMS_SHOWN)
    .map(({ code, path, message }) => `${code}${path === '' ? '' : ` ${path}`}: ${message}`)
  const more = problems.length - shown.length
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}
