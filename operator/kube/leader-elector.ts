import { FlumeError } from '../../agent/core/errors.ts'
import type { Logger } from '../../agent/core/logger.ts'
import type { Clock, Timer } from '../../agent/lib/clock.ts'
import { sleep } from '../../agent/lib/clock.ts'
import type { Random } from '../../agent/lib/random.ts'
import type { KubeClient } from './client.ts'
import { isAlreadyExists, isConflict, isNotFound } from './errors.ts'
import { LeaseObserver, held, released } from './lease.ts'
import type { Lease, LeaseSpec } from './lease.ts'
import type { KubeMetrics } from './metrics.ts'
import { RESOURCES } from './resources.ts'
import type { ObjectName } from './types.ts'
import type { WriteGuard } from './writes.ts'

/** As controller-runtime has them: 15, 10 and 2 s. */
const LEASE_DURATION_MS = 15_000
const RENEW_DEADLINE_SHARE = 10 / 15
const RETRY_PERIOD_SHARE = 2 / 15
/** So that several who wait do not ask at the same time. */
const JITTER = 0.2

export interface LeaderElectorOptions {
  /** One whose writes are not fenced by this elector. */
  readonly client: KubeClient
  readonly namespace: string
  readonly name: string
  /** Of this process, like no other's. */
  readonly identity: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: KubeMetrics
  /** Another one takes over after this much without a renewal in its sight. */
  readonly leaseDurationMs?: number
  /** We give up after this much without a renewal, counted from its start; two thirds of the former. */
  readonly renewDeadlineMs?: number
  /** Two fifteenths of it. */
  readonly retryPeriodMs?: number
  /** Once, when we led and do no more: the process has to end. */
  readonly onLost: (error: FlumeError) => void
}

/**
 * Leads while it holds a Lease. No clock but our own monotonic one decides anything. Its timer may come late
 * when the process is stalled, so every write asks the fence, which measures for itself.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions
  readonly #name: ObjectName
  readonly #leaseDurationMs: number
  readonly #renewDeadlineMs: number
  readonly #retryPeriodMs: number
  readonly #observer = new LeaseObserver()
  readonly #ending = new AbortController()
  #lease: Lease | undefined
  #state: 'waiting' | 'leading' | 'over' = 'waiting'
  /** On the monotonic clock: when the renewal began that was the last to succeed. */
  #renewedAtMs = -Infinity
  #deadline: Timer | undefined
  #renewing: Promise<void> = Promise.resolve()

  constructor(options: LeaderElectorOptions) {
    this.#options = options
    this.#name = { namespace: options.namespace, name: options.name }
    const { leaseDurationMs = LEASE_DURATION_MS } = options
    this.#leaseDurationMs = leaseDurationMs
    this.#renewDeadlineMs = options.renewDeadlineMs ?? leaseDurationMs * RENEW_DEADLINE_SHARE
    this.#retryPeriodMs = options.retryPeriodMs ?? leaseDurationMs * RETRY_PERIOD_SHARE
    options.metrics.leading.set({ name: options.name }, 0)
  }

  get leads(): boolean {
    const { clock } = this.#options
    const sinceMs = clock.monotonic() - this.#renewedAtMs
    return this.#state === 'leading' && sinceMs < this.#renewDeadlineMs
  }

  /** For the client of whatever only the leader may do: without the lead no write is sent. */
  readonly fence: WriteGuard = {
    before: () => {
      if (this.leads) return
      if (this.#state === 'leading') this.#lose('it was not renewed in time')
      throw this.#notLeading()
    },
  }

  /** Resolves when it leads, from when on it renews by itself: true. Or when `signal` aborts: false. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const { log, metrics, identity, name } = this.#options
    const either = AbortSignal.any([signal, this.#ending.signal])
    while (!either.aborted) {
      if (await this.#attempt(either)) {
        this.#state = 'leading'
        metrics.leading.set({ name }, 1)
        log.info({ lease: name, identity }, 'became the leader')
        this.#renewing = this.#renew()
        return true
      }
      await this.#wait(either)
    }
    return false
  }

  /** Lets go of the lease, so that another one leads at once. Nothing may be written any more when this is called. */
  async stop(): Promise<void> {
    this.#ending.abort()
    this.#deadline?.clear()
    await this.#renewing
    if (!this.leads) return
    const { client, clock, log, name } = this.#options
    this.#over()
    try {
      await client.patch(RESOURCES.leases, this.#name, this.#merge(released(clock.now())), {
        timeoutMs: this.#retryPeriodMs,
      })
    } catch (error) {
      log.warn({ lease: name, error }, 'the lease could not be released, it has to run out')
    }
  }

  /** Never rejects. */
  async #renew(): Promise<void> {
    const { signal } = this.#ending
    while (this.#state === 'leading' && !signal.aborted) {
      this.#watchDeadline()
      await this.#wait(signal)
      if (!signal.aborted) await this.#attempt(signal)
    }
  }

  /** One try to get or keep the lease. Never rejects. */
  async #attempt(signal: AbortSignal): Promise<boolean> {
    const { clock, log, name } = this.#options
    const startedAtMs = clock.monotonic()
    try {
      // A known lease that is ours is renewed blindly: its version is the precondition.
      const isHeld = this.#state === 'leading' && this.#lease !== undefined
      const lease = isHeld ? this.#lease : await this.#read(signal)
      if (lease !== undefined && !this.#mayTake(lease)) return false
      this.#lease = await this.#take(lease, signal)
      this.#renewedAtMs = startedAtMs
      return true
    } catch (error) {
      // Another one was faster, or our own last attempt was carried out after all: the next one reads it.
      this.#lease = undefined
      const isRace = isConflict(error) || isAlreadyExists(error) || isNotFound(error)
      if (!isRace && !signal.aborted) log.warn({ lease: name, error }, 'the lease was not had')
      return false
    }
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { client, clock } = this.#options
    const call = { signal, timeoutMs: this.#callTimeoutMs }
    let lease: Lease | undefined
    try {
      lease = await client.get<Lease>(RESOURCES.leases, this.#name, call)
    } catch (thrown) {
      if (!isNotFound(thrown)) throw thrown
    }
    this.#observer.observe(lease, clock.monotonic())
    return lease
  }

  #mayTake(lease: Lease): boolean {
    const { identity, clock } = this.#options
    const holder = lease.spec?.holderIdentity ?? ''
    if (holder === identity || holder === '') return true
    if (this.#state === 'leading') this.#lose(`${holder} has it`)
    if (this.#state !== 'waiting') return false
    return this.#observer.hasRunOut(lease, clock.monotonic(), this.#leaseDurationMs)
  }

  async #take(lease: Lease | undefined, signal: AbortSignal): Promise<Lease> {
    const { client, clock, identity } = this.#options
    const call = { signal, timeoutMs: this.#callTimeoutMs }
    const durationMs = this.#leaseDurationMs
    const spec = held(lease?.spec, { identity, durationMs, nowMs: clock.now() })
    if (lease !== undefined) {
      this.#lease = lease
      return client.patch<Lease>(RESOURCES.leases, this.#name, this.#merge(spec), call)
    }
    const metadata = this.#name
    const fresh = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }
    return client.create<Lease>(RESOURCES.leases, fresh, call)
  }

  #merge(spec: LeaseSpec) {
    return { merge: { metadata: { resourceVersion: this.#lease?.metadata.resourceVersion }, spec } }
  }

  /** Two attempts fit into the deadline even if the first one hangs. */
  get #callTimeoutMs(): number {
    return this.#renewDeadlineMs / 2
  }

  #wait(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options
    return sleep(clock, this.#retryPeriodMs * (1 + random.number() * JITTER), signal)
  }

  #watchDeadline(): void {
    const { clock } = this.#options
    this.#deadline?.clear()
    const leftMs = this.#renewedAtMs + this.#renewDeadlineMs - clock.monotonic()
    this.#deadline = clock.schedule(() => {
      if (this.#state === 'leading') this.#lose('it was not renewed in time')
    }, leftMs)
  }

  #lose(why: string): void {
    const { log, onLost, name } = this.#options
    this.#over()
    this.#ending.abort()
    const error = new FlumeError('FLM7107', `the lease ${name} was lost: ${why}`, {
      retryable: false,
    })
    log.error({ lease: name, error }, 'lost the lead')
    onLost(error)
  }

  #over(): void {
    this.#state = 'over'
    this.#deadline?.clear()
    this.#options.metrics.leading.set({ name: this.#options.name }, 0)
  }

  #notLeading(): FlumeError {
    const message = `nothing is written without the lease ${this.#options.name}: another one may lead`
    return new FlumeError('FLM7107', message, { retryable: false })
  }
}
