import { FlumeError } from '../../agent/core/errors.ts'
import type { Logger } from '../../agent/core/logger.ts'
import type { Clock } from '../../agent/lib/clock.ts'
import { KubeError } from './errors.ts'
import type { KubeMetrics } from './metrics.ts'
import type { WorkQueue } from './work-queue.ts'

/** How a reconciliation ended. */
export type Outcome =
  | { readonly result: 'done' }
  /** All well; to be looked at again by then at the latest. */
  | { readonly result: 'after'; readonly delayMs: number }
  /** Not well, and already logged: again after its back-off. */
  | { readonly result: 'retry' }
  /** Not well, and of no use to repeat before something changes. */
  | { readonly result: 'terminal'; readonly error: FlumeError }

/** Brings what `key` names to where it should be. It may throw; it should end soon after `signal` aborts. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<Outcome>

export interface WorkersOptions {
  /** Of the controller, for metrics and logs. */
  readonly name: string
  readonly queue: WorkQueue
  readonly reconcile: Reconcile
  /** Keys in work at the same time. */
  readonly concurrency: number
  readonly timeoutMs: number
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: KubeMetrics
}

/** Takes keys from a queue and reconciles them, whatever a reconciliation does. */
export class Workers {
  readonly #options: WorkersOptions
  readonly #labels: { readonly controller: string }
  readonly #inWork = new Set<AbortController>()
  readonly #ended: Promise<unknown>

  constructor(options: WorkersOptions) {
    this.#options = options
    this.#labels = { controller: options.name }
    const { concurrency, metrics } = options
    metrics.reconcile.concurrentMax.set(this.#labels, concurrency)
    metrics.reconcile.active.set(this.#labels, 0)
    this.#ended = Promise.all(Array.from({ length: concurrency }, () => this.#work()))
  }

  /** Closes the queue, calls off what is in work and waits for it to end. */
  async stop(): Promise<void> {
    this.#options.queue.close()
    for (const each of this.#inWork) each.abort(new Error('the operator is stopping'))
    await this.#ended
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    const { queue } = this.#options
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await this.#one(key)
      queue.done(key)
    }
  }

  async #one(key: string): Promise<void> {
    const { name, reconcile, timeoutMs, clock, metrics } = this.#options
    const { active, seconds, timeouts } = metrics.reconcile
    const startedAtMs = clock.monotonic()
    const call = new AbortController()
    const timer = clock.schedule(() => {
      timeouts.inc(this.#labels)
      call.abort(tooLong(name, key, timeoutMs))
    }, timeoutMs)
    this.#inWork.add(call)
    active.inc(this.#labels)
    try {
      this.#settle(key, await reconcile(key, call.signal))
    } catch (thrown) {
      this.#failed(key, thrown)
    } finally {
      timer.clear()
      this.#inWork.delete(call)
      active.dec(this.#labels)
      seconds.observe(this.#labels, (clock.monotonic() - startedAtMs) / 1000)
    }
  }

  #settle(key: string, outcome: Outcome): void {
    const { queue } = this.#options
    switch (outcome.result) {
      case 'done':
        queue.forget(key)
        this.#count('success')
        return
      case 'after':
        queue.forget(key)
        queue.addAfter(key, outcome.delayMs)
        this.#count('requeue_after')
        return
      case 'retry':
        queue.addRateLimited(key)
        this.#count('requeue')
        return
      case 'terminal':
        this.#terminal(key, outcome.error)
        return
    }
  }

  #terminal(key: string, error: FlumeError): void {
    const { name, queue, log, metrics } = this.#options
    queue.forget(key)
    metrics.reconcile.terminalErrors.inc(this.#labels)
    metrics.reconcile.errors.inc(this.#labels)
    this.#count('error')
    log.error({ controller: name, key, error }, 'reconciliation failed, repeating is of no use')
  }

  #failed(key: string, thrown: unknown): void {
    const { name, queue, log, metrics } = this.#options
    if (thrown instanceof FlumeError && !thrown.retryable) {
      this.#terminal(key, thrown)
      return
    }
    if (!(thrown instanceof FlumeError)) metrics.reconcile.panics.inc(this.#labels)
    metrics.reconcile.errors.inc(this.#labels)
    this.#count('error')
    queue.addRateLimited(key, thrown instanceof KubeError ? thrown.retryAfterMs : 0)
    const failures = queue.failures(key)
    log.error({ controller: name, key, error: thrown, failures }, 'reconciliation failed')
  }

  #count(result: 'success' | 'error' | 'requeue' | 'requeue_after'): void {
    this.#options.metrics.reconcile.total.inc({ ...this.#labels, result })
  }
}

export function runWorkers(options: WorkersOptions): Workers {
  return new Workers(options)
}

function tooLong(name: string, key: string, timeoutMs: number): FlumeError {
  const message = `reconciling ${key} by ${name} took longer than ${timeoutMs} ms; it is tried again`
  return new FlumeError('FLM7108', message, { retryable: true })
}
