import { backoffMs } from '../../lib/backoff.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import type { ResolveName } from '../../lib/resolve-name.ts'

/** How often a name is looked up that has addresses: by then a new replica is noticed. */
export const REFRESH_MS = 10_000
/** The same where there is trouble: no address, no answer, or a replica that cannot be used. */
export const TROUBLE_BACKOFF = { minMs: 500, maxMs: 5_000 }
/** Of one name; the most replicas a pool can have. */
export const ADDRESSES_MAX = 100

export interface ServiceAddressesOptions {
  readonly host: string
  readonly resolve: ResolveName
  readonly clock: Clock
  readonly random: Random
  /** Called when they are others than before, and at each look that finds none. */
  readonly onAddresses: (addresses: readonly string[]) => void
  /** The name could not be asked for: what was last known counts. Said once until it could again. */
  readonly onFailure: (error: Error) => void
}

export interface ServiceStatus {
  /** What its name resolved to; null before the first answer. */
  readonly addresses: number | null
  /** Why the name could not be asked for, the last time. */
  readonly problem: string | null
}

/**
 * The addresses behind the name of a service, looked up again and again: replicas come and go. What was
 * last known stays when nobody answers.
 */
export class ServiceAddresses {
  readonly #options: ServiceAddressesOptions
  #addresses: readonly string[] | undefined
  #failure: Error | undefined
  /** Looks in a row with trouble. */
  #troubles = 0
  #looking: Promise<void> | undefined
  #timer: Timer | undefined
  #nextAtMs = -Infinity
  #stopped = false

  constructor(options: ServiceAddressesOptions) {
    this.#options = options
  }

  /** Looks now, or joins a look that is under way. Never rejects. */
  look(): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  /** Somebody had trouble with what is known: the next look is brought forward. */
  trouble(): void {
    if (this.#stopped || this.#looking !== undefined) return
    this.#schedule(this.#troubleMs())
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.clear()
  }

  status(): ServiceStatus {
    return { addresses: this.#addresses?.length ?? null, problem: this.#failure?.message ?? null }
  }

  async #look(): Promise<void> {
    const { host, resolve, onAddresses, onFailure } = this.#options
    this.#timer?.clear()
    this.#timer = undefined
    try {
      const found = (await resolve(host)).slice(0, ADDRESSES_MAX)
      this.#failure = undefined
      this.#troubles = found.length === 0 ? this.#troubles + 1 : 0
      if (this.#stopped) return
      const isOld = this.#addresses !== undefined && isSame(found, this.#addresses)
      this.#addresses = found
      if (!isOld || found.length === 0) onAddresses(found)
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      this.#troubles++
      if (this.#failure === undefined && !this.#stopped) onFailure(error)
      this.#failure = error
    }
    if (!this.#stopped) this.#schedule(this.#troubles === 0 ? REFRESH_MS : this.#troubleMs())
  }

  #troubleMs(): number {
    return backoffMs(Math.max(1, this.#troubles), TROUBLE_BACKOFF, this.#options.random)
  }

  /** Sooner than planned, never later. */
  #schedule(delayMs: number): void {
    const { clock } = this.#options
    const atMs = clock.monotonic() + delayMs
    if (this.#timer !== undefined && this.#nextAtMs <= atMs) return
    this.#timer?.clear()
    this.#nextAtMs = atMs
    this.#timer = clock.schedule(() => void this.look(), delayMs)
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i])
}
