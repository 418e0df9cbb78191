import { microTime } from './micro-time.ts'
import type { KubeObject } from './types.ts'

/** A lock that holds as long as its holder renews it. */
export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec
}

export interface LeaseSpec {
  readonly holderIdentity?: string | null
  readonly leaseDurationSeconds?: number | null
  readonly acquireTime?: string | null
  readonly renewTime?: string | null
  readonly leaseTransitions?: number | null
}

/** What we last saw of the lease, and when we first saw it so. */
interface Observation {
  readonly version: string
  readonly atMs: number
}

/**
 * Whether another's lease has run out, by our own monotonic clock alone: it has when it did not change in
 * our sight for its duration. The times in it are from another clock and say nothing.
 */
export class LeaseObserver {
  #seen: Observation | undefined

  /** Without a lease in sight the next one counts from when it is seen. */
  observe(lease: Lease | undefined, nowMs: number): void {
    const version = lease?.metadata.resourceVersion
    if (version === undefined) this.#seen = undefined
    else if (version !== this.#seen?.version) this.#seen = { version, atMs: nowMs }
  }

  /** Of the lease that was observed last. */
  hasRunOut(lease: Lease, nowMs: number, durationMs: number): boolean {
    if ((lease.spec?.holderIdentity ?? '') === '') return true
    const seconds = lease.spec?.leaseDurationSeconds ?? 0
    const lastsMs = seconds > 0 ? seconds * 1000 : durationMs
    return this.#seen !== undefined && nowMs - this.#seen.atMs >= lastsMs
  }
}

export interface LeaseTaking {
  readonly identity: string
  readonly durationMs: number
  /** Since the epoch; for people. */
  readonly nowMs: number
}

/** The lease with us as its holder: as its first one, in the place of another, or once more. */
export function held(present: LeaseSpec | undefined, taking: LeaseTaking): LeaseSpec {
  const { identity, durationMs, nowMs } = taking
  const now = microTime(nowMs)
  const isOurs = present?.holderIdentity === identity
  const transitions = present?.leaseTransitions ?? 0
  const spec = {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    renewTime: now,
  }
  if (isOurs) return spec
  const isFirst = present === undefined
  return { ...spec, acquireTime: now, leaseTransitions: isFirst ? 0 : transitions + 1 }
}

/** The lease without a holder, so that the next one need not wait. */
export function released(nowMs: number): LeaseSpec {
  return { holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(nowMs) }
}
