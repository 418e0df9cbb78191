import type { Clock, Timer } from '../../agent/lib/clock.ts'
import type { Pod, PodReport } from '../api/live.ts'
import { poolKeyOfObject } from './caches.ts'
import type { Ask } from './ask.ts'
import { gistOf, readReport } from './report.ts'

const TICK_MS = 1_000
/** How often an agent is asked, and how often while its pool is to change. */
const PERIOD_MS = 5_000
const CONCURRENCY_MAX = 20
/** In a row, until an agent counts as one that does not answer. */
const FAILURES_MAX = 3

export interface PollerOptions {
  /** All pods of all pools. */
  readonly pods: () => readonly Pod[]
  readonly urlOf: (pod: Pod) => URL | undefined
  readonly ask: Ask
  /** Called with the key of a pool when one of its agents says something new. */
  readonly onNews: (key: string) => void
  readonly onAnswer: (result: 'answered' | 'failed') => void
  readonly clock: Clock
}

interface Asked {
  nextAtMs: number
  failures: number
  report: PodReport | undefined
}

/**
 * Asks all agents how they are, a few at a time. The last report of one that does not answer any more is
 * kept, as what waits in its channels is still there.
 */
export class Poller {
  readonly #options: PollerOptions
  /** By UID of the pod. */
  readonly #asked = new Map<string, Asked>()
  readonly #pending = new Set<string>()
  readonly #waiting = new Map<string, Pod>()
  #running = 0
  #timer: Timer | undefined
  #stopped = true

  constructor(options: PollerOptions) {
    this.#options = options
  }

  start(): void {
    this.#stopped = false
    this.#tick()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.clear()
    this.#waiting.clear()
  }

  reportOf(podUid: string): PodReport | undefined {
    return this.#asked.get(podUid)?.report
  }

  /** Whether a pool is to change: its agents are asked more often then. */
  setPending(key: string, isPending: boolean): void {
    if (isPending) this.#pending.add(key)
    else this.#pending.delete(key)
  }

  #tick(): void {
    const { clock, pods } = this.#options
    const all = pods()
    const uids = new Set(all.map(({ metadata }) => metadata.uid ?? ''))
    for (const uid of this.#asked.keys()) if (!uids.has(uid)) this.#asked.delete(uid)
    for (const pod of all) if (this.#isDue(pod)) this.#waiting.set(pod.metadata.uid ?? '', pod)
    this.#work()
    this.#timer = clock.schedule(() => this.#tick(), TICK_MS)
  }

  #isDue(pod: Pod): boolean {
    if (pod.metadata.deletionTimestamp !== undefined || this.#options.urlOf(pod) === undefined)
      return false
    const asked = this.#asked.get(pod.metadata.uid ?? '')
    if (asked === undefined) return true
    const isPending = poolKeyOfObject(pod).some((key) => this.#pending.has(key))
    const earlierMs = isPending ? PERIOD_MS - TICK_MS : 0
    return this.#options.clock.monotonic() >= asked.nextAtMs - earlierMs
  }

  #work(): void {
    for (const [uid, pod] of this.#waiting) {
      if (this.#running >= CONCURRENCY_MAX || this.#stopped) return
      this.#waiting.delete(uid)
      this.#running++
      void this.#askOne(uid, pod).finally(() => {
        this.#running--
        this.#work()
      })
    }
  }

  /** Never rejects. */
  async #askOne(uid: string, pod: Pod): Promise<void> {
    const { clock, urlOf, ask, onNews, onAnswer } = this.#options
    const asked = this.#asked.get(uid) ?? { nextAtMs: 0, failures: 0, report: undefined }
    this.#asked.set(uid, asked)
    asked.nextAtMs = Infinity
    const url = urlOf(pod)
    const text = url === undefined ? undefined : await ask(url).catch(() => undefined)
    const report = text === undefined ? undefined : readReport(text, pod.metadata.name, clock.now())
    asked.nextAtMs = clock.monotonic() + PERIOD_MS
    onAnswer(report === undefined ? 'failed' : 'answered')
    asked.failures = report === undefined ? asked.failures + 1 : 0
    const before = asked.report
    asked.report = report ?? this.#silent(asked)
    const isNews = gist(before) !== gist(asked.report)
    if (isNews && !this.#stopped) for (const key of poolKeyOfObject(pod)) onNews(key)
  }

  #silent({ failures, report }: Asked): PodReport | undefined {
    if (failures < FAILURES_MAX) return report
    return { flows: [], known: false, ...report, reachable: false }
  }
}

function gist(report: PodReport | undefined): string {
  return report === undefined ? '' : gistOf(report)
}
