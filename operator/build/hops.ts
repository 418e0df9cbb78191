import type { DeliveredHop } from '../../agent/config/delivered.ts'
import { findHops } from '../../agent/config/hops.ts'
import type { Hop } from '../../agent/config/hops.ts'
import type { Manifest } from '../../agent/config/manifests.ts'
import type { Verdict } from '../api/decisions.ts'
import type { PoolObservation, TargetPool } from '../api/live.ts'
import { poolNames } from '../api/names.ts'
import { agentManifest, describeProblems, manifestOf } from './manifests.ts'
import { runsIn } from './members.ts'
import { storedFlows } from './stored.ts'

export interface ResolvedHops {
  /** By sink. */
  readonly hops: Readonly<Record<string, DeliveredHop>>
  /** Why they are not resolved; undefined if all are. */
  readonly problem: Verdict | undefined
}

/** Where the sinks of a flow find the pools that they name. Pure. */
export function resolveHops(pool: PoolObservation, manifest: Manifest): ResolvedHops {
  const { agent } = manifest
  if (agent === undefined) return { hops: {}, problem: undefined }
  const targets = pool.targets.flatMap(manifestsOf)
  const { hops, faults } = findHops([manifest, ...targets], agent)
  const absent = hops.find(({ source }) => source === undefined)
  if (absent !== undefined) return { hops: {}, problem: noAgent(absent) }
  if (faults.length > 0)
    return { hops: {}, problem: notResolved(faults.map((each) => each.problem)) }
  const resolved = hops.map(({ sink, agent: target, source }) => {
    const host = `${poolNames(target).readyService}.${pool.namespace}.svc`
    return [sink.name!, { host, port: source!.port }] as const
  })
  return { hops: Object.fromEntries(resolved), problem: undefined }
}

/** What a pool runs: its flows as they are, those with mistakes in their last good version. */
function manifestsOf({ name, agent, flows, configMap }: TargetPool): readonly Manifest[] {
  if (agent === undefined || agent.metadata.deletionTimestamp !== undefined) return []
  const stored = storedFlows(configMap)
  const running = flows
    .filter((flow) => runsIn(agent, flow))
    .map((flow) => {
      const manifest = manifestOf(flow)
      const earlier = manifest.problems.length > 0 ? stored.get(flow.metadata.name) : undefined
      return earlier === undefined ? manifest : manifestOf(earlier.manifest)
    })
  return [agentManifest(name), ...running]
}

function noAgent({ sink, agent }: Hop): Verdict {
  const message = `sink ${sink.name}: there is no FlumeAgent ${JSON.stringify(agent)} in the namespace. Create it, or name another`
  return { status: 'False', reason: 'HopNotFound', message }
}

function notResolved(problems: Parameters<typeof describeProblems>[0]): Verdict {
  const mismatch = problems.every(({ code }) => code === 'FLM1312')
  const reason = mismatch ? 'HopMismatch' : 'HopNotFound'
  return { status: 'False', reason, message: describeProblems(problems) }
}
