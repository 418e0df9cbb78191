import { Counter, Gauge, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'

/** The buckets of controller-runtime and client-go, so that their dashboards fit. */
const RECONCILE_BUCKETS_S = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1,
  1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
]
const QUEUE_BUCKETS_S = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 0.001, 0.01, 0.1, 1, 10, 100, 1000]

/** The metrics of this layer, under the names that operators written in Go have. */
export class KubeMetrics {
  /** `code` is the HTTP status, or `<error>` when there was no answer. */
  readonly requests: Counter<'code' | 'method' | 'host'>
  /** The same by what was asked for: `kind` with the subresource, as in `Pod/status`. */
  readonly calls: Counter<'verb' | 'kind'>
  readonly leading: Gauge<'name'>
  readonly eventsDropped: Counter<'reason'>
  readonly queue: QueueMetrics
  readonly reconcile: ReconcileMetrics

  constructor(registry: Registry) {
    const make = new Maker(registry)
    this.requests = make.counter(
      'rest_client_requests_total',
      'Requests to the API server, by status code, method and host.',
      ['code', 'method', 'host'],
    )
    this.calls = make.counter(
      'flume_operator_api_requests_total',
      'Requests to the API server, by verb and kind; dry-run for an apply that changes nothing.',
      ['verb', 'kind'],
    )
    this.leading = make.gauge(
      'leader_election_master_status',
      'Whether this process leads: 1 or 0. The name is that of the lease.',
      ['name'],
    )
    this.eventsDropped = make.counter(
      'flume_operator_events_dropped_total',
      'Events for users that were not written, by reason: rate, full or failed.',
      ['reason'],
    )
    this.queue = new QueueMetrics(make)
    this.reconcile = new ReconcileMetrics(make)
  }
}

/** What a queue knows of the work that goes on, in seconds. */
export interface RunningWork {
  readonly name: string
  readonly unfinishedSeconds: number
  readonly longestSeconds: number
}

type QueueLabel = 'name' | 'controller'
const QUEUE_LABELS: readonly QueueLabel[] = ['name', 'controller']

export class QueueMetrics {
  readonly depth: Gauge<QueueLabel>
  readonly adds: Counter<QueueLabel>
  readonly retries: Counter<QueueLabel>
  readonly queueSeconds: Histogram<QueueLabel>
  readonly workSeconds: Histogram<QueueLabel>
  readonly #running = new Set<() => RunningWork>()

  constructor(make: Maker) {
    this.depth = make.gauge('workqueue_depth', 'Keys that wait now.', QUEUE_LABELS)
    this.adds = make.counter('workqueue_adds_total', 'Keys that were put in.', QUEUE_LABELS)
    this.retries = make.counter(
      'workqueue_retries_total',
      'Keys that were put in again after a failure.',
      QUEUE_LABELS,
    )
    this.queueSeconds = make.histogram(
      'workqueue_queue_duration_seconds',
      'How long keys waited until they were taken.',
      { labelNames: QUEUE_LABELS, buckets: QUEUE_BUCKETS_S },
    )
    this.workSeconds = make.histogram(
      'workqueue_work_duration_seconds',
      'How long the work on a key took.',
      { labelNames: QUEUE_LABELS, buckets: QUEUE_BUCKETS_S },
    )
    const unfinished: Gauge<QueueLabel> = make.gauge(
      'workqueue_unfinished_work_seconds',
      'Seconds spent so far on the keys in work, together. A value that only grows means that one hangs.',
      QUEUE_LABELS,
      () => this.#collect(unfinished, (work) => work.unfinishedSeconds),
    )
    const longest: Gauge<QueueLabel> = make.gauge(
      'workqueue_longest_running_processor_seconds',
      'Seconds since the work began that has run the longest.',
      QUEUE_LABELS,
      () => this.#collect(longest, (work) => work.longestSeconds),
    )
  }

  /** `running` is asked whenever the metrics are read, until the returned function is called. */
  watch(running: () => RunningWork): () => void {
    this.#running.add(running)
    return () => void this.#running.delete(running)
  }

  #collect(gauge: Gauge<QueueLabel>, value: (work: RunningWork) => number): void {
    for (const running of this.#running) {
      const work = running()
      gauge.set({ name: work.name, controller: work.name }, value(work))
    }
  }
}

type ControllerLabel = 'controller'
const CONTROLLER: readonly ControllerLabel[] = ['controller']

export class ReconcileMetrics {
  /** `result` is success, error, requeue or requeue_after. */
  readonly total: Counter<ControllerLabel | 'result'>
  readonly errors: Counter<ControllerLabel>
  readonly terminalErrors: Counter<ControllerLabel>
  readonly panics: Counter<ControllerLabel>
  readonly timeouts: Counter<ControllerLabel>
  readonly seconds: Histogram<ControllerLabel>
  readonly active: Gauge<ControllerLabel>
  readonly concurrentMax: Gauge<ControllerLabel>

  constructor(make: Maker) {
    this.total = make.counter(
      'controller_runtime_reconcile_total',
      'Reconciliations, by result: success, error, requeue or requeue_after.',
      ['controller', 'result'],
    )
    this.errors = make.counter(
      'controller_runtime_reconcile_errors_total',
      'Reconciliations that failed.',
      CONTROLLER,
    )
    this.terminalErrors = make.counter(
      'controller_runtime_terminal_reconcile_errors_total',
      'Reconciliations that failed in a way that repeating cannot cure.',
      CONTROLLER,
    )
    this.panics = make.counter(
      'controller_runtime_reconcile_panics_total',
      'Reconciliations that threw what is no error of ours.',
      CONTROLLER,
    )
    this.timeouts = make.counter(
      'controller_runtime_reconcile_timeouts_total',
      'Reconciliations that were called off because they took too long.',
      CONTROLLER,
    )
    this.seconds = make.histogram(
      'controller_runtime_reconcile_time_seconds',
      'How long reconciliations took.',
      { labelNames: CONTROLLER, buckets: RECONCILE_BUCKETS_S },
    )
    this.active = make.gauge(
      'controller_runtime_active_workers',
      'Reconciliations that run now.',
      CONTROLLER,
    )
    this.concurrentMax = make.gauge(
      'controller_runtime_max_concurrent_reconciles',
      'Reconciliations that may run at the same time.',
      CONTROLLER,
    )
  }
}

class Maker {
  readonly #registers: Registry[]

  constructor(registry: Registry) {
    this.#registers = [registry]
  }

  counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: this.#registers })
  }

  gauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    collect = (): void => {},
  ): Gauge<L> {
    const registers = this.#registers
    return new Gauge({ name, help, labelNames: [...labelNames], registers, collect })
  }

  histogram<L extends string>(
    name: string,
    help: string,
    { labelNames, buckets }: { labelNames: readonly L[]; buckets: readonly number[] },
  ): Histogram<L> {
    const registers = this.#registers
    return new Histogram({
      name,
      help,
      labelNames: [...labelNames],
      buckets: [...buckets],
      registers,
    })
  }
}
