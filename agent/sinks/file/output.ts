import { join } from 'node:path'
import type { Logger } from '../../core/logger.ts'
import { systemCode } from '../../core/errors.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Disk, DiskFile } from '../../lib/disk.ts'
import { makeDurableDirectory } from '../../lib/durable-directory.ts'
import { writeFailed } from './failures.ts'
import { OutputFile } from './output-file.ts'
import { cutBack, isTransient, reportSealed, reportShort } from './repair.ts'
import { fileName } from './series.ts'

export interface OutputOptions {
  readonly directory: string
  readonly series: string
  readonly suffix: string
  readonly rollIntervalMs: number
  readonly disk: Disk
  readonly clock: Clock
  readonly log: Logger
  /** Called when the current file is old enough; `closeFile` is to follow once nothing is written. */
  readonly onRollDue: () => void
}

/** Where an append begins: the number of its file and the length before it. */
export interface Place {
  readonly number: number
  readonly length: number
}

/** How often the end of a file is tried to be taken away, each time with the runner's back-off. */
const CUT_ATTEMPTS_MAX = 5

/** What a failed append may have left at the end of a file. */
interface BrokenEnd {
  readonly path: string
  /** What is before it was written and synced and stays. */
  readonly length: number
  attempts: number
}

/**
 * The files of one series, written one after the other. A file is made by the first append that
 * needs it, so none is empty, and after a failure it is never written again.
 *
 * One call at a time.
 */
export class Output {
  readonly #options: OutputOptions
  #file: OutputFile | undefined
  #lastNumber = 0
  #timer: Timer | undefined
  /** Has to be taken away before anything else is written, for the same events come again. */
  #broken: BrokenEnd | undefined
  #filesTotal = 0
  #sealedFilesTotal = 0
  #bytesTotal = 0

  constructor(options: OutputOptions) {
    this.#options = options
  }

  /** Bytes in the current file; 0 without one. */
  get fileBytes(): number {
    return this.#file?.length ?? 0
  }

  /**
   * Appends and syncs. Rejects with FLM4201; then the file ends where it ended before, or where that
   * could not be had, the error's outcome is 'unknown'.
   */
  async append(buffers: readonly Uint8Array[], bytes: number): Promise<Place> {
    let outcome: 'none' | 'unknown' = 'none'
    try {
      if (this.#broken) await this.#cutBroken(this.#broken)
      const file = this.#file ?? (await this.#openFile())
      const place = { number: file.number, length: file.length }
      await file.append(buffers, bytes)
      if (place.length === 0) this.#filesTotal++
      this.#bytesTotal += bytes
      return place
    } catch (error) {
      const path = this.#broken?.path ?? this.#file?.path ?? this.#options.directory
      if (this.#file && !(await this.#undo(this.#file))) outcome = 'unknown'
      throw writeFailed(path, error, outcome)
    }
  }

  /** Ends the current file, if any; everything in it is synced. */
  async closeFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    this.#timer?.clear()
    this.#timer = undefined
    try {
      await file?.close()
    } catch (error) {
      this.#options.log.warn({ path: file?.path, error }, 'Closing a file failed')
    }
  }

  status(): Readonly<Record<string, unknown>> {
    return {
      file: this.#file?.path ?? null,
      fileBytes: this.fileBytes,
      filesTotal: this.#filesTotal,
      bytesTotal: this.#bytesTotal,
      sealedFilesTotal: this.#sealedFilesTotal,
    }
  }

  async #openFile(): Promise<OutputFile> {
    const { directory, series, suffix, disk, clock, rollIntervalMs, onRollDue } = this.#options
    // A number is never used twice, whatever became of its file.
    const number = ++this.#lastNumber
    const path = join(directory, fileName(series, number, suffix))
    this.#file = new OutputFile(path, number, await this.#createFile(path))
    await disk.syncDirectory(directory)
    if (rollIntervalMs > 0) this.#timer = clock.schedule(onRollDue, rollIntervalMs)
    return this.#file
  }

  async #createFile(path: string): Promise<DiskFile> {
    const { disk, directory } = this.#options
    try {
      return await disk.open(path, 'create')
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error
      // Someone removed the directory.
      await makeDurableDirectory(disk, directory)
      return disk.open(path, 'create')
    }
  }

  /** Takes what a failed append left out of its file. false: it may still be there. */
  async #undo(file: OutputFile): Promise<boolean> {
    const broken = { path: file.path, length: file.length, attempts: 0 }
    this.#broken = broken
    await this.closeFile()
    try {
      return await this.#cutBroken(broken)
    } catch (error) {
      this.#options.log.warn(
        { ...broken, error },
        'Cutting a file back after a failed write failed',
      )
      return false
    }
  }

  /**
   * Rejects while there is hope; then the file is sealed: left as it is. false: what was at the end
   * is out of reach, in a file that was moved away or sealed.
   */
  async #cutBroken(broken: BrokenEnd): Promise<boolean> {
    const { disk, log } = this.#options
    const { path, length } = broken
    broken.attempts++
    try {
      const result = await cutBack(disk, path, length)
      if (result === 'short') reportShort(log, { path, length })
      if (result === 'missing') log.warn({ path }, 'A file was moved or removed while in use')
      this.#broken = undefined
      return result !== 'missing'
    } catch (error) {
      if (isTransient(error) && broken.attempts < CUT_ATTEMPTS_MAX) throw error
      reportSealed(log, { path, length, error })
      this.#sealedFilesTotal++
      this.#broken = undefined
      return false
    }
  }
}
