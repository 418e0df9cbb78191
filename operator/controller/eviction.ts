import type { Pod, StatefulSet } from '../api/live.ts'
import { failureOf, isLeaving, isReady, isUpdated, ordinalOf } from '../status/pods.ts'

/** What a rollout does next. */
export type RolloutStep =
  /** All pods have the newest template, or Kubernetes has not looked at it yet. */
  | { readonly step: 'none' }
  /** Not now; `stalled` where it takes more than time, `isBegun` where some pods have the newest template. */
  | { readonly step: 'wait'; readonly stalled: string | undefined; readonly isBegun: boolean }
  /** `takesDown`: the pod is ready, so that it is missed. */
  | { readonly step: 'evict'; readonly pod: Pod; readonly takesDown: boolean }

/**
 * Which pod is to be replaced next: one that serves nothing first, as nothing is lost by it; then from the
 * highest ordinal down, while all others are ready. Pure.
 */
export function nextStep(statefulSet: StatefulSet | undefined, pods: readonly Pod[]): RolloutStep {
  const { metadata, spec, status } = statefulSet ?? {}
  // Until it has looked, `updateRevision` is that of the template before.
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return { step: 'none' }
  const wanted = spec?.replicas ?? 0
  const members = pods.filter((pod) => ordinalOf(pod) < wanted)
  const outdated = members
    .filter((pod) => !isLeaving(pod) && !isUpdated(pod, statefulSet))
    .toSorted((a, b) => ordinalOf(b) - ordinalOf(a))
  const [highest] = outdated
  if (highest === undefined) return { step: 'none' }
  const broken = outdated.find((pod) => !isReady(pod))
  if (broken !== undefined) return { step: 'evict', pod: broken, takesDown: false }
  const others = members.filter((pod) => pod !== highest)
  const unready = others.find((pod) => !isReady(pod))
  if (unready === undefined && others.length === wanted - 1)
    return { step: 'evict', pod: highest, takesDown: true }
  const failure = unready && failureOf(unready)
  const stalled = failure && `the others are left alone while ${failure}`
  return { step: 'wait', stalled, isBegun: members.some((pod) => isUpdated(pod, statefulSet)) }
}
