import type { Registry } from 'prom-client'
import type { FlumeError } from '../../agent/core/errors.ts'
import type { Logger } from '../../agent/core/logger.ts'
import type { Clock } from '../../agent/lib/clock.ts'
import type { Random } from '../../agent/lib/random.ts'
import { FIELD_MANAGER } from '../api/constants.ts'
import type { Pod } from '../api/live.ts'
import { Memory } from '../apply/memory.ts'
import { ADMIN_PORT } from '../build/ports.ts'
import { KubeClient } from '../kube/client.ts'
import { EventRecorder } from '../kube/event-recorder.ts'
import { Expectations } from '../kube/expectations.ts'
import { LeaderElector } from '../kube/leader-elector.ts'
import { KubeMetrics } from '../kube/metrics.ts'
import type { ApiServer } from '../kube/server.ts'
import { Transport } from '../kube/transport.ts'
import { WorkQueue } from '../kube/work-queue.ts'
import { runWorkers } from '../kube/workers.ts'
import type { Workers } from '../kube/workers.ts'
import { guards } from '../kube/writes.ts'
import type { WriteGuard } from '../kube/writes.ts'
import { HttpAsk } from '../observe/ask.ts'
import { makeCaches } from '../observe/caches.ts'
import type { Caches } from '../observe/caches.ts'
import { watchKeys } from '../observe/keys.ts'
import { Poller } from '../observe/poller.ts'
import { BacklogBudget } from '../status/budget.ts'
import { checkKinds } from './kinds.ts'
import { OperatorMetrics } from './metrics.ts'
import { Nudges } from './nudges.ts'
import type { Parts } from './parts.ts'
import { makeReconcile } from './reconcile.ts'
import { RolloutSlots } from './slots.ts'

const CONTROLLER = 'pool'
const LEASE = 'flume-operator'
const RECONCILE_TIMEOUT_MS = 120_000

export interface OperatorOptions {
  readonly server: ApiServer
  /** Absent: all. */
  readonly namespaces?: readonly string[] | undefined
  /** Of agents that name none. */
  readonly image: string
  /** Absent: it is the only one, and leads. */
  readonly election?: { readonly namespace: string; readonly leaseDurationMs?: number } | undefined
  /** Of this process, like no other's. */
  readonly identity: string
  readonly version: string
  readonly concurrency: number
  /** Called once when another one leads: the process has to end. */
  readonly onLost: (error: FlumeError) => void
  /** Asked around every write, after the fence; for tests. */
  readonly writes?: WriteGuard
  readonly registry: Registry
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** The operator: caches that are warm from the start, and work while it leads. */
export class Operator {
  readonly #options: OperatorOptions
  readonly #kubeMetrics: KubeMetrics
  readonly #transport: Transport
  /** Without the fence: for the lease, reads and Events. */
  readonly #client: KubeClient
  readonly #elector: LeaderElector | undefined
  readonly #caches: Caches
  readonly #queue: WorkQueue
  readonly #recorder: EventRecorder
  readonly #ask = new HttpAsk()
  readonly #poller: Poller
  readonly #parts: Parts
  readonly #ending = new AbortController()
  #workers: Workers | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: OperatorOptions) {
    const { server, version, clock, registry, election, identity, onLost } = options
    this.#options = options
    this.#kubeMetrics = new KubeMetrics(registry)
    const metrics = this.#kubeMetrics
    const userAgent = `flume-operator/${version}`
    this.#transport = new Transport({ server, userAgent, clock, metrics })
    this.#client = this.#clientWith({})
    const common = { ...options, client: this.#client, metrics }
    this.#elector =
      election && new LeaderElector({ ...common, ...election, name: LEASE, identity, onLost })
    this.#caches = makeCaches(common)
    this.#queue = new WorkQueue({ ...common, name: CONTROLLER })
    this.#recorder = new EventRecorder({
      ...common,
      reportingController: 'flume-operator.io/operator',
      reportingInstance: identity,
    })
    const operatorMetrics = new OperatorMetrics(registry, {
      agents: () => this.#caches.agents.size,
      flows: () => this.#caches.flows.size,
    })
    this.#poller = new Poller({
      pods: () => this.#caches.pods.list(),
      urlOf: adminUrl,
      ask: this.#ask.ask,
      onNews: (key) => this.#queue.add(key),
      onAnswer: (result) => operatorMetrics.polls.inc({ result }),
      clock,
    })
    this.#parts = this.#makeParts(operatorMetrics)
  }

  /** Whether all caches are filled. */
  get hasSynced(): boolean {
    return this.#allCaches().every((each) => each.hasSynced)
  }

  /**
   * Fills the caches, and works once it leads. Resolves when it has begun to wait for that; rejects when it
   * cannot work here (FLM7202).
   */
  async start(): Promise<void> {
    await checkKinds(this.#client, this.#options.log)
    watchKeys(this.#caches, (key) => this.#queue.add(key))
    const { nudges } = this.#parts
    this.#caches.pods.onChange(({ type, object }) => {
      if (type === 'deleted') nudges.forget(object.metadata.uid ?? '')
    })
    for (const cache of this.#allCaches()) cache.start()
    this.#running = this.#lead()
  }

  /** Ends what is in work, and lets another one lead. */
  async stop(): Promise<void> {
    this.#ending.abort()
    await this.#running
    this.#poller.stop()
    await this.#workers?.stop()
    this.#queue.close()
    await Promise.all(this.#allCaches().map((each) => each.stop()))
    await this.#recorder.stop()
    await this.#elector?.stop()
    this.#ask.close()
    this.#transport.close()
  }

  /** Never rejects. */
  async #lead(): Promise<void> {
    const { signal } = this.#ending
    if (this.#elector !== undefined && !(await this.#elector.acquire(signal))) return
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([Promise.all(this.#allCaches().map((each) => each.whenSynced())), stopped])
    if (signal.aborted) return
    this.#poller.start()
    this.#workers = runWorkers({
      name: CONTROLLER,
      queue: this.#queue,
      reconcile: makeReconcile(this.#parts),
      timeoutMs: RECONCILE_TIMEOUT_MS,
      metrics: this.#kubeMetrics,
      ...this.#options,
    })
    this.#options.log.info({ caches: 'synced' }, 'operator working')
  }

  #clientWith(fence: { readonly writes?: WriteGuard }): KubeClient {
    return new KubeClient({
      ...this.#options,
      transport: this.#transport,
      fieldManager: FIELD_MANAGER,
      writes: guards(...(fence.writes === undefined ? [] : [fence.writes])),
    })
  }

  #makeParts(metrics: OperatorMetrics): Parts {
    const { clock, writes, image, log } = this.#options
    const fenced = [this.#elector?.fence, writes].filter((each) => each !== undefined)
    const expectations = new Expectations()
    const memory = new Memory(clock)
    const slots = new RolloutSlots(clock)
    return {
      caches: this.#caches,
      apply: {
        client: this.#clientWith({ writes: guards(...fenced) }),
        expectations,
        memory,
        cacheOf: (kind) => this.#cacheOf(kind),
      },
      poller: this.#poller,
      budget: new BacklogBudget(clock),
      slots,
      nudges: new Nudges(clock),
      metrics,
      tell: (regarding, told) => this.#recorder.record(regarding, told),
      forget: (scope) => {
        expectations.forget(scope)
        memory.forget(scope)
        slots.release(scope)
      },
      image,
      clock,
      log,
    }
  }

  #allCaches() {
    return Object.values(this.#caches)
  }

  #cacheOf(kind: string) {
    const cache = this.#allCaches().find(({ type }) => type.kind === kind)
    if (cache === undefined) throw new TypeError(`no cache has objects of kind ${kind}`)
    return cache
  }
}

function adminUrl({ status }: Pod): URL | undefined {
  const address = status?.podIP
  if (status?.phase !== 'Running' || address === undefined) return undefined
  const host = address.includes(':') ? `[${address}]` : address
  return new URL(`http://${host}:${ADMIN_PORT}/status`)
}
