import type { Pod, PoolObservation, StatefulSet } from '../api/live.ts'
import type { FlumeAgent } from '../api/types.ts'
import { isConflict, isDisruptionBudget, isNotFound } from '../kube/errors.ts'
import { isReady } from '../status/pods.ts'
import { nextStep } from './eviction.ts'
import type { Parts } from './parts.ts'

/** How a rollout stands. */
export interface Rolled {
  readonly isRolling: boolean
  /** Why it takes more than time. */
  readonly stalled?: string | undefined
  readonly againMs?: number
}

/** For a place among the pools that roll out. */
const SLOT_WAIT_MS = 2_000
const BUDGET_WAIT_MS = 2_000
/** A budget counts the pods that are ready a moment after they are: only then is it in the way. */
const BUDGET_STALLED_MS = 30_000

/** Evicts the next pod that has not the newest template, if it may go now. */
export async function roll(
  parts: Parts,
  scope: string,
  agent: FlumeAgent,
  { objects, pods }: PoolObservation,
): Promise<Rolled> {
  const { slots } = parts
  const found = objects.find((each): each is StatefulSet => each.kind === 'StatefulSet')
  const next = nextStep(found, pods)
  if (next.step === 'none') {
    slots.release(scope)
    return { isRolling: false }
  }
  if (next.step === 'wait') {
    // One that is stuck would keep others from going on.
    if (next.isBegun && next.stalled === undefined) slots.join(scope)
    return { isRolling: true, stalled: next.stalled }
  }
  if (next.takesDown && !slots.take(scope)) return { isRolling: true, againMs: SLOT_WAIT_MS }
  return evict(parts, scope, agent, next.pod)
}

async function evict(
  { apply, caches, metrics, slots, tell }: Parts,
  scope: string,
  agent: FlumeAgent,
  pod: Pod,
): Promise<Rolled> {
  const { name, namespace, uid } = pod.metadata
  try {
    await apply.client.evict({ name, namespace: namespace! }, { uid })
  } catch (thrown) {
    if (isDisruptionBudget(thrown)) {
      const isLong = slots.refused(scope) >= BUDGET_STALLED_MS
      const stalled = isLong ? `a PodDisruptionBudget does not let ${name} go` : undefined
      return { isRolling: true, stalled, againMs: BUDGET_WAIT_MS }
    }
    if (!isNotFound(thrown) && !isConflict(thrown)) throw thrown
    // Where it is gone, or another one in its place, the cache will show it; a conflict may be for any reason.
    return { isRolling: true, againMs: BUDGET_WAIT_MS }
  }
  apply.expectations.removed(scope, caches.pods, pod)
  slots.allowed(scope)
  metrics.evictions.inc()
  const why = isReady(pod) ? '' : ', and it was not ready'
  const note = `evicted ${name}: it had not the newest template${why}`
  tell(agent, { type: 'Normal', reason: 'PodEvicted', action: 'RollOut', note })
  return { isRolling: true }
}
