import type { Clock } from '../../agent/lib/clock.ts'

export interface TokenBucketOptions {
  readonly burst: number
  /** One more token after this much time. */
  readonly refillMs: number
  readonly clock: Clock
}

/** Lets a burst through, then one each `refillMs`. */
export class TokenBucket {
  readonly #options: TokenBucketOptions
  #tokens: number
  #atMs: number

  constructor(options: TokenBucketOptions) {
    this.#options = options
    this.#tokens = options.burst
    this.#atMs = options.clock.monotonic()
  }

  /** Whether there was a token; it is gone now. */
  take(): boolean {
    const { burst, refillMs, clock } = this.#options
    const nowMs = clock.monotonic()
    this.#tokens = Math.min(burst, this.#tokens + (nowMs - this.#atMs) / refillMs)
    this.#atMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
