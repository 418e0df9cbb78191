import type { Batch } from '../../agent/core/batch.ts'
import { FlumeError } from '../../agent/core/errors.ts'
import type { FailingEvent } from '../../agent/core/errors.ts'
import type { Sink, SinkContext } from '../../agent/core/sink.ts'
import { sleep } from '../../agent/lib/clock.ts'
import type { FileSinkConfig } from '../../agent/sinks/file/config.ts'
import * as fileSink from '../../agent/sinks/file/sink.ts'
import { isUnwritable, keysIn } from './delivery-parts.ts'

/** How a sink misbehaves. */
export interface MoodySinkConfig {
  /** undefined: it writes to a target elsewhere. */
  readonly file: FileSinkConfig | undefined
  /** It gives up on some events, and names them or leaves that to its runner. */
  readonly givesUp: 'no' | 'named' | 'unnamed'
  /** The share of writes that it begins late: past the patience of a group, or when they were called off. */
  readonly hangs: number
}

/** The mood of all sinks of a run. */
export class Mood {
  readonly chance: (probability: number) => boolean
  readonly #waiting = new Set<() => void>()
  #calm = false

  constructor(chance: (probability: number) => boolean) {
    this.chance = chance
  }

  calmDown(): void {
    this.#calm = true
    for (const go of this.#waiting) go()
  }

  /** The sinks of the process that ended do nothing more. */
  nextProcess(): void {
    this.#waiting.clear()
  }

  /** Until it is calm, or the signal aborts. */
  async hang(signal: AbortSignal): Promise<void> {
    if (this.#calm) return
    await new Promise<void>((go) => {
      this.#waiting.add(go)
      signal.addEventListener('abort', () => go())
    })
  }
}

/** Some answer while their group still waits, some long after another sink took over, and some never. */
const HANG_MS = [3000, 15_000, Infinity]
/** After the abort: some end within the time for a stop, some do not. */
const LATE_MS_MAX = 8000

/**
 * A target elsewhere: what is written to it stays, also when its sink is long gone. Within one process
 * nothing may come twice: each write settles, and tells whether it took place.
 */
export class RemoteTarget {
  readonly keys = new Set<string>()
  /** What came twice, and must not have. */
  twice: string | undefined
  #now = new Set<string>()

  /** What the process before had not acknowledged comes again. */
  nextProcess(): void {
    this.#now = new Set()
  }

  take(key: string): void {
    if (this.#now.has(key)) this.twice ??= key
    this.#now.add(key)
    this.keys.add(key)
  }
}

/** Hands over without state. What it once began takes place, whoever has stopped it. */
class RemoteSink implements Sink {
  readonly writesMax = 4
  readonly #target: RemoteTarget

  constructor(target: RemoteTarget) {
    this.#target = target
  }

  async start(): Promise<void> {}

  async write(batches: readonly Batch[]): Promise<undefined> {
    for (const batch of batches) for (const key of keysIn(batch)) this.#target.take(key)
  }

  async stop(): Promise<void> {}
}

/**
 * A sink that gives up on some events, and that at times does not answer: then it writes after it was
 * called off, as a target that hung does. Writes keep their order, as those of one connection.
 */
export class MoodySink implements Sink {
  readonly writesMax: number
  readonly #config: MoodySinkConfig
  readonly #inner: Sink
  readonly #mood: Mood
  #context: SinkContext | undefined
  #last: Promise<void> = Promise.resolve()
  #failures = 0

  constructor(config: MoodySinkConfig, mood: Mood, target: RemoteTarget) {
    this.#config = config
    this.#mood = mood
    this.#inner =
      config.file === undefined ? new RemoteSink(target) : fileSink.createSink(config.file)
    this.writesMax = this.#inner.writesMax
  }

  async start(context: SinkContext): Promise<void> {
    this.#context = context
    await this.#inner.start(context)
  }

  write(batches: readonly Batch[], signal: AbortSignal): Promise<Buffer | undefined> {
    const refusal = this.#refusal(batches)
    if (refusal !== undefined) return Promise.reject(refusal)
    const hangs = this.#mood.chance(this.#config.hangs)
    const turn = this.#last.then(() => (hangs ? this.#hang(signal) : undefined))
    this.#last = turn
    const failures = this.#failures
    return turn.then(() => {
      // As in the file sink: behind a failed write nothing gets in, for its state would claim the failed one.
      if (failures !== this.#failures) throw behindFailed()
      // What was called off before is not begun by the file sink: it would not happen late then.
      const written = this.#inner.write(batches, hangs ? new AbortController().signal : signal)
      written.catch(() => this.#failures++)
      return written
    })
  }

  stop(): Promise<void> {
    return this.#inner.stop()
  }

  status(): Readonly<Record<string, unknown>> {
    return this.#inner.status?.() ?? {}
  }

  async #hang(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#context!
    const hangMs = HANG_MS[Math.floor(random.number() * HANG_MS.length)]!
    const answers = new AbortController()
    const timer = Number.isFinite(hangMs)
      ? clock.schedule(() => answers.abort(), hangMs)
      : undefined
    await this.#mood.hang(AbortSignal.any([signal, answers.signal]))
    timer?.clear()
    if (signal.aborted)
      await sleep(clock, random.number() * LATE_MS_MAX, new AbortController().signal)
  }

  #refusal(batches: readonly Batch[]): FlumeError | undefined {
    const { givesUp } = this.#config
    if (givesUp === 'no') return undefined
    const failing = batches.flatMap((batch, at): FailingEvent[] =>
      keysIn(batch).flatMap((key, event) =>
        isUnwritable(key) ? [{ batch: at, event, reason: `${key} is never taken` }] : [],
      ),
    )
    if (failing.length === 0) return undefined
    const options = { retryable: false, ...(givesUp === 'named' ? { failing } : {}) }
    return new FlumeError('FLM4201', 'the target will never take this', options)
  }
}

function behindFailed(): FlumeError {
  return new FlumeError('FLM4201', 'the write before it failed', { retryable: true })
}
