import { POD_REVISION_LABEL } from '../api/constants.ts'
import type { ContainerStatus, Pod, StatefulSet } from '../api/live.ts'

/** Why a container waits, where waiting longer does not help by itself. */
const STUCK_REASONS: ReadonlySet<string> = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
])

export function isReady(pod: Pod): boolean {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' && !isLeaving(pod)
}

export function isLeaving({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined
}

/** Whether the pod has the newest template. `status.currentRevision` never says so where the operator evicts. */
export function isUpdated({ metadata }: Pod, statefulSet: StatefulSet | undefined): boolean {
  const revision = statefulSet?.status?.updateRevision
  return revision !== undefined && metadata.labels?.[POD_REVISION_LABEL] === revision
}

/** Its number, by its name. */
export function ordinalOf({ metadata }: Pod): number {
  return Number(metadata.name.slice(metadata.name.lastIndexOf('-') + 1))
}

/** `hub-1: ImagePullBackOff (Back-off pulling image "x")`; undefined for a pod that runs or may still start. */
export function failureOf(pod: Pod): string | undefined {
  const { status, metadata } = pod
  if (isLeaving(pod)) return undefined
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled')
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable')
    return described(metadata.name, 'Unschedulable', scheduled.message)
  if (status?.phase === 'Failed')
    return described(metadata.name, status.reason ?? 'Failed', undefined)
  const containers = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ]
  const stuck = containers.find(isStuck)?.state?.waiting
  return stuck === undefined ? undefined : described(metadata.name, stuck.reason!, stuck.message)
}

function isStuck({ state }: ContainerStatus): boolean {
  return STUCK_REASONS.has(state?.waiting?.reason ?? '')
}

const MESSAGE_LENGTH_MAX = 200

function described(pod: string, reason: string, message: string | undefined): string {
  // A back-off counts up: what changes by itself would make the condition change with it.
  const steady = (message ?? '').replace(/^back-off \S+ restarting/, 'back-off restarting')
  return steady === ''
    ? `${pod}: ${reason}`
    : `${pod}: ${reason} (${steady.slice(0, MESSAGE_LENGTH_MAX)})`
}
