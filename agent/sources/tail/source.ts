import { FlumeError, toFlumeError } from '../../core/errors.ts'
import type { Source, SourceContext } from '../../core/source.ts'
import type { Timer } from '../../lib/clock.ts'
import type { TailSourceConfig } from './config.ts'
import { InFlight } from './in-flight.ts'
import { Tailer } from './tailer.ts'

/** Most batches emitted and not yet accepted. */
const RECEIPTS_MAX = 8

/** How long `stop` goes on reading deleted files, which cannot be read again. */
const STOP_READ_MS = 2000

/**
 * Reads lines from files that grow, rotate, are truncated and deleted.
 *
 * A file and its stream stay together by these rules, the same while running and after a restart:
 *
 *   same inode, same time of birth, same bytes     the stream goes on, whatever the name or the
 *   before the position                            number of the device
 *   same inode, other bytes or shorter             truncated: the stream ends, a new one begins at 0
 *   same inode, other time of birth                another file: a new stream
 *   other inode, the bytes of a truncated stream   its copy: the stream goes on in it
 *   other inode, the bytes of a file that is       another file with the same content, read from
 *   followed and not truncated within 10 s         its start
 *
 * In doubt a line comes twice and is never lost. Two cases cannot be told apart: a file truncated
 * and written again with the very same bytes up to the position, and a copy that is being made when
 * the source looks for the first time.
 *
 * Offsets in memory run ahead of what is stored; what was emitted and never accepted is read again
 * after a restart.
 */
class TailSource implements Source {
  readonly #config: TailSourceConfig
  #tailer: Tailer | undefined
  #context: SourceContext | undefined
  #inFlight: InFlight | undefined
  #stopping = false
  /** A batch was not taken and never will be. */
  #refused = false
  #stopped: Promise<void> | undefined
  #loop: Promise<void> = Promise.resolve()
  #wake: (() => void) | undefined

  constructor(config: TailSourceConfig) {
    this.#config = config
  }

  async start(context: SourceContext): Promise<void> {
    this.#context = context
    const inFlight = new InFlight(RECEIPTS_MAX, {
      change: () => this.#wake?.(),
      rejected: (error) => this.#rejected(error),
    })
    this.#inFlight = inFlight
    this.#tailer = new Tailer(this.#config, {
      name: context.name,
      clock: context.clock,
      random: context.random,
      log: context.log,
      positions: () => context.positions(),
      dropped: (events, reason) => context.dropped(events, reason),
      eventBytesMax: context.eventBytesMax,
      emit: (batch) => inFlight.add(context.emit(batch)),
    })
    // In here, so that with `startAt: end` what is written after the start is delivered.
    await this.#tailer.scan()
    this.#loop = this.#run(this.#tailer, inFlight).catch((error: unknown) => this.#fail(error))
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop())
  }

  #halt(): void {
    this.#stopping = true
    this.#wake?.()
  }

  async #stop(): Promise<void> {
    this.#halt()
    await this.#loop
    const { clock } = this.#context ?? {}
    if (clock === undefined || this.#tailer === undefined) return
    const deadlineMs = clock.monotonic() + STOP_READ_MS
    await this.#tailer.finishDeleted(() => this.#roomBefore(deadlineMs))
    this.#tailer.close()
  }

  status(): Readonly<Record<string, unknown>> {
    return { ...this.#tailer?.status(), batchesInFlight: this.#inFlight?.count ?? 0 }
  }

  async #run(tailer: Tailer, inFlight: InFlight): Promise<void> {
    const { clock } = this.#context!
    const { scanInterval, pollInterval } = this.#config
    let scanAtMs = clock.monotonic() + scanInterval
    let pollAtMs = 0
    while (!this.#stopping) {
      const nowMs = clock.monotonic()
      if (nowMs >= scanAtMs) {
        await tailer.scan()
        scanAtMs = clock.monotonic() + scanInterval
      } else if (tailer.files.hasHot && nowMs >= pollAtMs) {
        tailer.poll()
        pollAtMs = nowMs + pollInterval
      } else if (tailer.files.hasReady && !inFlight.full) {
        await tailer.step()
      } else {
        // Files are looked at while the channel is full, too: one that is deleted has to be open.
        const untilMs = tailer.files.hasHot ? Math.min(scanAtMs, pollAtMs) : scanAtMs
        await this.#pause(untilMs - nowMs)
      }
    }
  }

  /** Until something happens, at most `delayMs`. */
  async #pause(delayMs: number): Promise<void> {
    let timer: Timer | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      timer = this.#context!.clock.schedule(resolve, delayMs)
    })
    timer?.clear()
    this.#wake = undefined
  }

  async #roomBefore(deadlineMs: number): Promise<boolean> {
    const { clock } = this.#context!
    while (!this.#refused && this.#inFlight!.full && clock.monotonic() < deadlineMs) {
      await this.#pause(deadlineMs - clock.monotonic())
    }
    return !this.#refused && !this.#inFlight!.full
  }

  #rejected(thrown: unknown): void {
    const error = toFlumeError(thrown)
    this.#refused = true
    // A closed channel means that the flow stops, and it stops the source as well.
    if (error.code !== 'FLM2204') this.#fail(error)
    // Nothing may follow: a later position would pass over the lines that were refused.
    this.#halt()
  }

  #fail(thrown: unknown): void {
    if (this.#stopping) return
    this.#halt()
    const error = toFlumeError(thrown)
    const message = `Tailing files for the source ${this.#context!.name}: ${error.message}`
    this.#context!.fail(
      new FlumeError(error.code, message, { retryable: error.retryable, cause: thrown }),
    )
  }
}

export function createSource(config: TailSourceConfig): Source {
  return new TailSource(config)
}
