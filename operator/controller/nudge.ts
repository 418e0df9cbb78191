import type { DeliveredFlow } from '../../agent/config/delivered.ts'
import { ANNOTATIONS } from '../api/constants.ts'
import type { Pod, PoolObservation } from '../api/live.ts'
import { isConflict, isNotFound } from '../kube/errors.ts'
import { RESOURCES } from '../kube/resources.ts'
import { isBehind } from './nudges.ts'
import type { Parts } from './parts.ts'

/** What the agents of a pool are to have. */
export interface Delivery {
  readonly configHash: string
  readonly delivered: ReadonlyMap<string, DeliveredFlow>
}

/** Nudges the pods that have not seen what they are to have. Resolves to when the next one is due. */
export async function nudgePods(
  parts: Parts,
  { pods, reports }: PoolObservation,
  { configHash, delivered }: Delivery,
): Promise<number | undefined> {
  const waits: number[] = []
  for (const pod of pods) {
    const { uid = '', annotations, deletionTimestamp } = pod.metadata
    const runs = pod.status?.phase === 'Running' && deletionTimestamp === undefined
    if (!runs || !isBehind(reports.get(uid), delivered)) {
      parts.nudges.forget(uid)
      continue
    }
    const next = parts.nudges.next(uid, configHash, annotations?.[ANNOTATIONS.config])
    if ('waitMs' in next) waits.push(next.waitMs)
    else {
      await nudge(parts, pod, next.value)
      const after = parts.nudges.next(uid, configHash, next.value)
      if ('waitMs' in after) waits.push(after.waitMs)
    }
  }
  return waits.length === 0 ? undefined : Math.min(...waits)
}

/** Through the status of the pod: whoever may do this can change nothing else of it. */
async function nudge({ apply, metrics, poller }: Parts, seen: Pod, value: string): Promise<void> {
  const { name, namespace, uid } = seen.metadata
  const merge = { metadata: { uid, annotations: { [ANNOTATIONS.config]: value } } }
  try {
    const pod = { name, namespace: namespace! }
    await apply.client.patch(RESOURCES.pods, pod, { merge }, { subresource: 'status' })
    metrics.nudges.inc()
    poller.askSoon(seen)
  } catch (thrown) {
    if (!isNotFound(thrown) && !isConflict(thrown)) throw thrown
  }
}
