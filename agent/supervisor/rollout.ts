import type { AgentStatus } from '../core/status.ts'
import { sleep } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import type { Report } from './events.ts'
import type { Replica, ReplicaSpec } from './replica.ts'

/** How long a replica may take to be as configured before the next one is touched. */
const APPLIED_MS_MAX = 60_000
const LOOK_MS = 200

export interface RolloutOptions {
  readonly clock: Clock
  /** The status of the agent at an address; rejects when it does not answer. */
  readonly fetchStatus: (address: string) => Promise<AgentStatus>
  readonly writeManifest: (spec: ReplicaSpec) => void
  readonly report: Report
  /** Its abort ends all waiting. */
  readonly signal: AbortSignal
}

/**
 * Brings one replica to `spec` and waits until it is: by a reload where the process can take it in,
 * by a start where its options are others. Resolves to false, with the reason reported, where it did
 * not take it in.
 */
export async function updateReplica(
  replica: Replica,
  spec: ReplicaSpec,
  options: RolloutOptions,
): Promise<boolean> {
  const { report } = options
  const { name } = spec
  if (replica.pid === undefined || !sameArgs(replica.spec, spec)) {
    if (replica.pid !== undefined) report({ type: 'restarting', replica: name })
    await replica.stop()
    if (options.signal.aborted) return false
    // It is to run in any case: in the version of before, if that is what is there.
    const isWritten = writeManifest(spec, options)
    replica.start(isWritten ? spec : replica.spec)
    if (!isWritten) return false
  } else {
    const { lastReload } = await lastStatus(replica, options)
    // The process looks at its file too and may be faster than the signal: both come to the same.
    if (!writeManifest(spec, options)) return false
    replica.reload(spec)
    return untilApplied(replica, options, lastReload?.at)
  }
  return untilApplied(replica, options, undefined)
}

/** Whether the process can read its manifests now; why not is reported. */
export function writeManifest(
  spec: ReplicaSpec,
  options: Pick<RolloutOptions, 'writeManifest' | 'report'>,
): boolean {
  try {
    options.writeManifest(spec)
    return true
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const what = `its manifests cannot be written to ${spec.manifestFile}: ${reason}`
    options.report({ type: 'held', replica: spec.name, reasons: [what] })
    return false
  }
}

async function lastStatus(replica: Replica, options: RolloutOptions) {
  try {
    return await options.fetchStatus(replica.spec.admin)
  } catch {
    // It does not answer; the reload waits for it to do so.
    return { lastReload: undefined }
  }
}

/** `before`: time of the last reload, which says nothing about this one. */
async function untilApplied(
  replica: Replica,
  options: RolloutOptions,
  before: string | undefined,
): Promise<boolean> {
  const { clock, report, signal } = options
  const { name } = replica.spec
  const deadline = clock.monotonic() + APPLIED_MS_MAX
  let why: string = SILENT
  while (!signal.aborted && clock.monotonic() < deadline) {
    if (replica.state === 'refused') return false
    const found = await look(replica, options, before)
    if (found.result === 'applied') {
      report({ type: 'reloaded', replica: name })
      return true
    }
    if (found.result === 'refused') {
      report({ type: 'held', replica: name, reasons: found.errors })
      return false
    }
    why = found.why
    await sleep(clock, LOOK_MS, signal)
  }
  if (!signal.aborted) {
    const reason = `${why} ${APPLIED_MS_MAX / 1000} s after the change`
    report({ type: 'held', replica: name, reasons: [reason] })
  }
  return false
}

type Look =
  | { readonly result: 'applied' }
  | { readonly result: 'refused'; readonly errors: readonly string[] }
  | { readonly result: 'waiting'; readonly why: string }

const SILENT = 'it does not answer'

async function look(
  { spec }: Replica,
  { fetchStatus }: RolloutOptions,
  before: string | undefined,
): Promise<Look> {
  let status: AgentStatus
  try {
    status = await fetchStatus(spec.admin)
  } catch {
    return { result: 'waiting', why: SILENT }
  }
  const { lastReload, configuration, state } = status
  if (configuration === spec.configuration && state === 'running') return { result: 'applied' }
  const isNew = lastReload !== undefined && lastReload.at !== before
  if (isNew && lastReload.result === 'refused')
    return { result: 'refused', errors: lastReload.errors }
  return { result: 'waiting', why: 'it still runs the configuration of before' }
}

export function sameArgs(a: ReplicaSpec, b: ReplicaSpec): boolean {
  return a.args.length === b.args.length && a.args.every((arg, i) => arg === b.args[i])
}
