import type { PodReport, ReportedBacklog } from '../api/live.ts'
import { roundSignificant } from '../api/rounding.ts'
import type { Backlog } from '../api/types.ts'

/** Times of the oldest event that are nearer than this are the same, read twice. */
const SAME_TIME_MS = 2000

/**
 * What waits in all replicas; `previous` where that is not known, as an agent that was never asked may hold
 * events. A sum that changed within the rounding, and a time that was read a moment later, stay as they are.
 */
export function sumBacklog(
  parts: readonly (ReportedBacklog | undefined)[],
  previous: Backlog | undefined,
): Backlog | undefined {
  if (parts.length === 0 || parts.includes(undefined)) return previous
  const known = parts as readonly ReportedBacklog[]
  const times = known.flatMap(({ oldestEventTime }) => oldestEventTime ?? []).toSorted()
  const [oldest] = times
  return {
    events: roundSignificant(sum(known.map(({ events }) => events))),
    bytes: roundSignificant(sum(known.map(({ bytes }) => bytes))),
    ...(oldest === undefined ? {} : { oldestEventTime: steady(oldest, previous) }),
  }
}

function steady(time: string, previous: Backlog | undefined): string {
  const before = previous?.oldestEventTime
  if (before === undefined) return time
  return Math.abs(Date.parse(time) - Date.parse(before)) <= SAME_TIME_MS ? before : time
}

/** Of one flow in one replica; nothing where the replica does not run it. */
export function backlogOfFlow(report: PodReport, flow: string): ReportedBacklog {
  const found = report.flows.find((each) => each.flow === flow)
  return found?.backlog ?? { events: 0, bytes: 0, oldestEventTime: undefined }
}

/** Of all that is in one replica, flows that are gone included. */
export function backlogOfPod({ flows }: PodReport): ReportedBacklog {
  const [oldestEventTime] = flows.flatMap(({ backlog }) => backlog.oldestEventTime ?? []).toSorted()
  return {
    events: sum(flows.map(({ backlog }) => backlog.events)),
    bytes: sum(flows.map(({ backlog }) => backlog.bytes)),
    oldestEventTime,
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
