import { currentProblems } from '../../admin/readiness.ts'
import type { AgentStatus } from '../../core/status.ts'
import type { ReplicaView } from '../../supervisor/supervisor.ts'
import { totalsOf } from '../totals.ts'

/** A look at one replica; of its last two answers. */
export interface Look {
  readonly view: ReplicaView
  readonly current: Answer | undefined
  readonly previous: Answer | undefined
}

export interface Answer {
  readonly status: AgentStatus
  /** Clock.monotonic() */
  readonly atMs: number
}

/**
 * What `flume up` shows of a replica; one element of `replicas` with `--output json`. What only the
 * agent itself knows is missing until it answers.
 */
export interface ReplicaRow {
  readonly replica: string
  /** As the process is, and: failing, at least one flow fails; silent, it does not answer. */
  readonly state: ReplicaView['state'] | 'failing' | 'silent'
  readonly pid: number | undefined
  readonly restarts: number
  /** While it waits for its next start. */
  readonly retryInMs: number | undefined
  /** `HOST:PORT` */
  readonly admin: string
  readonly backlogEvents?: number
  readonly backlogBytes?: number
  readonly oldestEventAgeMs?: number
  readonly lostEvents?: number
  readonly inPerSecond?: number
  readonly outPerSecond?: number
  /** `FLOW/SINK` of the sinks in use. */
  readonly liveSinks?: readonly string[]
  readonly problems: readonly string[]
}

/** An agent that has not answered for so long is shown as silent. */
const SILENT_MS = 3_000

/** Pure. */
export function rowOf({ view, current, previous }: Look, nowMs: number): ReplicaRow {
  const { name: replica, pid, restarts, admin } = view
  const retryInMs = view.state === 'waiting' ? view.retryInMs : undefined
  const row = { replica, state: view.state, pid, restarts, retryInMs, admin, problems: [] }
  if (current === undefined || view.pid === undefined) return row
  const { status } = current
  const totals = totalsOf(status)
  const { backlogEvents, backlogBytes, lostEvents } = totals
  return {
    ...row,
    state: stateOf(view, current, nowMs),
    backlogEvents,
    backlogBytes,
    oldestEventAgeMs: backlogEvents === 0 ? 0 : status.oldestEventAgeMs,
    lostEvents,
    ...ratesOf(previous ?? current, current),
    liveSinks: status.flows.flatMap((flow) =>
      flow.sinks.filter((sink) => sink.health.live).map((sink) => `${flow.name}/${sink.name}`),
    ),
    problems: [...currentProblems(status), ...(status.lastReload?.errors ?? [])],
  }
}

function stateOf(view: ReplicaView, { status, atMs }: Answer, nowMs: number): ReplicaRow['state'] {
  if (view.state !== 'running') return view.state
  if (nowMs - atMs > SILENT_MS) return 'silent'
  return status.flows.some((flow) => flow.state === 'failing') ? 'failing' : 'running'
}

function ratesOf(previous: Answer, current: Answer) {
  const seconds = Math.max(0.001, (current.atMs - previous.atMs) / 1000)
  const before = totalsOf(previous.status)
  const now = totalsOf(current.status)
  // Counters that went back belong to a process that was started anew.
  const rate = (from: number, to: number): number => Math.max(0, to - from) / seconds
  return {
    inPerSecond: Math.round(rate(before.inEvents, now.inEvents)),
    outPerSecond: Math.round(rate(before.outEvents, now.outEvents)),
  }
}
