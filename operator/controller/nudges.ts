import type { DeliveredFlow } from '../../agent/config/delivered.ts'
import type { Clock } from '../../agent/lib/clock.ts'
import type { PodReport } from '../api/live.ts'

const FIRST_PERIOD_MS = 2_000
/** The kubelet looks by itself about once a minute. */
const LAST_PERIOD_MS = 60_000

interface Nudged {
  readonly hash: string
  readonly count: number
  readonly nextAtMs: number
}

/**
 * When which pod is nudged: its annotation changes, and the kubelet looks at the configuration at once.
 * What it then sees may still be the old one, so that it is done again after 2, 4, 8 … s until the agent
 * reports what it is to have.
 */
export class Nudges {
  readonly #clock: Clock
  /** By UID of the pod. */
  readonly #pods = new Map<string, Nudged>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * The value to annotate the pod with now, or how long to wait. `value` is that of the pod: the API server
   * tells the kubelet nothing when it stays the same.
   */
  next(
    uid: string,
    hash: string,
    value: string | undefined,
  ): { readonly value: string } | { readonly waitMs: number } {
    const nowMs = this.#clock.monotonic()
    const earlier = this.#pods.get(uid)
    const isRepeat = earlier?.hash === hash
    if (isRepeat && earlier.nextAtMs > nowMs) return { waitMs: earlier.nextAtMs - nowMs }
    const count = isRepeat ? earlier.count + 1 : 1
    const periodMs = Math.min(FIRST_PERIOD_MS * 2 ** Math.min(count - 1, 10), LAST_PERIOD_MS)
    this.#pods.set(uid, { hash, count, nextAtMs: nowMs + periodMs })
    return { value: nextValue(hash, value) }
  }

  /** The agent has what it is to have, or the pod is no more. */
  forget(uid: string): void {
    this.#pods.delete(uid)
  }
}

/** The hash; `HASH-2`, `HASH-3` … when it is there already. */
function nextValue(hash: string, value: string | undefined): string {
  if (value === undefined || (value !== hash && !value.startsWith(`${hash}-`))) return hash
  const count = value === hash ? 1 : Number(value.slice(hash.length + 1))
  return `${hash}-${count + 1}`
}

/**
 * Whether an agent has not looked yet at what it is to have, or waits for Secrets, which come the same way.
 * One that never answered is left alone: it may have everything.
 */
export function isBehind(
  report: PodReport | undefined,
  delivered: ReadonlyMap<string, DeliveredFlow>,
): boolean {
  if (report === undefined || !report.known) return false
  const given = report.flows.filter(({ hash }) => hash !== undefined)
  if (given.some(({ flow }) => !delivered.has(flow))) return true
  return [...delivered].some(([name, { hash }]) => {
    const found = given.find(({ flow }) => flow === name)
    return found?.hash !== hash || found.missingSecrets.length > 0
  })
}
