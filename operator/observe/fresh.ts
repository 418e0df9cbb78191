import { FLUME_AGENTS, FLUME_FLOWS } from '../api/constants.ts'
import type { PoolObservation } from '../api/live.ts'
import { poolOf } from '../api/pool-key.ts'
import type { FlumeAgent, FlumeFlow } from '../api/types.ts'
import type { KubeClient } from '../kube/client.ts'
import { isNotFound } from '../kube/errors.ts'

/**
 * Asks the API server whether a pool and its flows are still as they were observed: before anything is
 * destroyed on the word of a cache. What is not, as a sentence; undefined when all is.
 */
export async function staleness(
  client: KubeClient,
  observed: PoolObservation,
): Promise<string | undefined> {
  const { namespace, name } = observed
  const agent = await liveAgent(client, { namespace, name })
  if (identity(agent) !== identity(observed.agent)) return `the FlumeAgent ${name} has changed`
  const { items } = await client.list<FlumeFlow>(FLUME_FLOWS, { namespace })
  const live = items.filter(
    (flow) => poolOf(flow) === name && flow.metadata.deletionTimestamp === undefined,
  )
  return flowsKey(live) === flowsKey(observed.flows) ? undefined : `flows of ${name} have changed`
}

/** The FlumeAgent as it is now; undefined when there is none. */
export async function liveAgent(
  client: KubeClient,
  name: { readonly namespace: string; readonly name: string },
): Promise<FlumeAgent | undefined> {
  try {
    return await client.get<FlumeAgent>(FLUME_AGENTS, name)
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined
    throw thrown
  }
}

function flowsKey(flows: readonly FlumeFlow[]): string {
  return flows.map(identity).toSorted().join(' ')
}

/** The specification, not the status: that we write ourselves. */
function identity(object: FlumeAgent | FlumeFlow | undefined): string {
  if (object === undefined) return ''
  const { uid, generation, deletionTimestamp } = object.metadata
  return `${uid}/${generation}/${deletionTimestamp ?? ''}`
}
