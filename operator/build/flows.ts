import { isDeepStrictEqual } from 'node:util'
import {
  deliver,
  deliveredData,
  deliveredKey,
  writeDelivered,
} from '../../agent/config/delivered.ts'
import type { DeliveredFlow } from '../../agent/config/delivered.ts'
import type { Manifest } from '../../agent/config/manifests.ts'
import type { FlowDecision, Verdict } from '../api/decisions.ts'
import type { PoolObservation } from '../api/live.ts'
import type { FlumeAgent, FlumeFlow } from '../api/types.ts'
import { resolveHops } from './hops.ts'
import { describeProblems, listenersOfFlow, manifestOf } from './manifests.ts'
import { byAge, runsIn } from './members.ts'
import { PortBook } from './ports.ts'
import { configMapOf, storedFlows } from './stored.ts'

/** A ConfigMap holds 1 MiB; the rest is room for its metadata. */
const POOL_BYTES_MAX = 900 * 1024

/**
 * Decides for each flow of a pool what the agents are given. The older flow goes first, so that a new one
 * never takes a port, or room, from one that is there. Pure.
 */
export function decideFlows(pool: PoolObservation): readonly FlowDecision[] {
  const stored = storedFlows(configMapOf(pool))
  const ports = new PortBook()
  let bytes = bytesOf(deliveredData(pool.name, []))
  return byAge(pool.flows).map((flow) => {
    const checked = check(pool, flow)
    const versions = [checked.version, stored.get(flow.metadata.name)]
    const refusals: Verdict[] = []
    for (const version of versions) {
      if (version === undefined) continue
      const isNewest = version === checked.version
      const listeners = listenersOfFlow(manifestOf(isNewest ? flow : version.manifest))
      const size = deliveredKey(version.flow).length + Buffer.byteLength(writeDelivered(version))
      const refusal = refuse(ports.conflict(listeners), bytes + size)
      if (refusal === undefined) {
        ports.take(listeners)
        bytes += size
        return decision(flow, checked, refusals, version)
      }
      refusals.push(refusal)
    }
    return decision(flow, checked, refusals, undefined)
  })
}

function decision(
  flow: FlumeFlow,
  { accepted, resolvedRefs, version }: Checked,
  refusals: readonly Verdict[],
  delivered: DeliveredFlow | undefined,
): FlowDecision {
  const refused = version === undefined ? undefined : refusals[0]
  return {
    flow,
    accepted: refused ?? accepted,
    resolvedRefs,
    delivered,
    isCurrent: delivered !== undefined && delivered === version,
  }
}

interface Checked {
  readonly accepted: Verdict
  readonly resolvedRefs: Verdict
  /** The flow as it is, ready to be delivered; undefined where it cannot be. */
  readonly version: DeliveredFlow | undefined
}

const ACCEPTED: Verdict = { status: 'True', reason: 'Accepted', message: '' }
const RESOLVED: Verdict = { status: 'True', reason: 'ResolvedRefs', message: '' }

function check(pool: PoolObservation, flow: FlumeFlow): Checked {
  const unknown = (message: string): Verdict => ({
    status: 'Unknown',
    reason: 'NotAccepted',
    message,
  })
  const refusal = refuseAgent(pool.agent, flow) ?? refuseManifest(manifestOf(flow))
  if (refusal !== undefined) {
    const resolvedRefs = unknown('What the flow refers to is looked up once it is accepted.')
    return { accepted: refusal, resolvedRefs, version: undefined }
  }
  const { hops, problem } = resolveHops(pool, manifestOf(flow))
  if (problem !== undefined)
    return { accepted: ACCEPTED, resolvedRefs: problem, version: undefined }
  const version = versionOf(flow, hops)
  return { accepted: ACCEPTED, resolvedRefs: RESOLVED, version }
}

/** Objects of the caches never change: each is made ready once, as long as its hops are the same. */
const ready = new WeakMap<FlumeFlow, DeliveredFlow>()

function versionOf(flow: FlumeFlow, hops: DeliveredFlow['hops']): DeliveredFlow {
  const known = ready.get(flow)
  if (known !== undefined && isDeepStrictEqual(known.hops, hops)) return known
  const version = deliver(flow, { generation: flow.metadata.generation ?? 0, hops })
  ready.set(flow, version)
  return version
}

function refuseAgent(agent: FlumeAgent | undefined, flow: FlumeFlow): Verdict | undefined {
  if (agent === undefined) {
    const name = flow.spec.agentRef?.name ?? flow.metadata.name
    const message = `spec.agentRef.name: there is no FlumeAgent ${JSON.stringify(name)} in the namespace. Create it, or make a flow that names another`
    return { status: 'False', reason: 'AgentNotFound', message }
  }
  if (agent.metadata.deletionTimestamp !== undefined) {
    const message = `the FlumeAgent ${JSON.stringify(agent.metadata.name)} is being deleted. Its volumes are kept; create it anew to run the flow again`
    return { status: 'False', reason: 'AgentNotFound', message }
  }
  if (runsIn(agent, flow)) return undefined
  const message = `the flow has no spec.agentRef and would run in a FlumeAgent of its own, ${JSON.stringify(flow.metadata.name)}, but there is one of this name already. Make a flow with spec.agentRef, or with another name`
  return { status: 'False', reason: 'AgentNameTaken', message }
}

function refuseManifest({ problems }: Manifest): Verdict | undefined {
  if (problems.length === 0) return undefined
  return { status: 'False', reason: 'Invalid', message: describeProblems(problems) }
}

function refuse(conflict: string | undefined, bytes: number): Verdict | undefined {
  if (conflict !== undefined) return { status: 'False', reason: 'PortConflict', message: conflict }
  if (bytes <= POOL_BYTES_MAX) return undefined
  const message = `with this flow the configuration of the pool has ${Math.ceil(bytes / 1024)} KiB, and a ConfigMap holds ${POOL_BYTES_MAX / 1024}. Move flows to another FlumeAgent`
  return { status: 'False', reason: 'PoolTooLarge', message }
}

function bytesOf(data: Readonly<Record<string, string>>): number {
  return Object.entries(data).reduce(
    (sum, [key, value]) => sum + key.length + Buffer.byteLength(value),
    0,
  )
}
