import { join } from 'node:path'
import type { Logger } from '../../core/logger.ts'
import type { Disk } from '../../lib/disk.ts'
import type { Reserve } from './reserve.ts'

/** Most segments that are kept to be written again. */
const SPARES_MAX = 2
/** A file much smaller than a segment is no spare. */
const FILLED_MIN = 0.75
const SPARE_NAME = /^spare-[0-9]+$/

/** A segment that is not needed any more, under another name. */
export interface Spare {
  readonly path: string
  readonly bytes: number
}

export interface SparesOptions {
  readonly disk: Disk
  readonly directory: string
  readonly log: Logger
  readonly segmentBytes: number
  /** Bytes became free. */
  readonly onRemoved: () => void
}

/**
 * What becomes of segments whose events are all acknowledged. Two are kept to be written again: their
 * blocks are allocated, so that a sync need not wait for the file system's journal and none has to be
 * freed. The others are deleted beside the writing: where the file system discards freed blocks,
 * deleting 64 MiB takes 80 ms.
 */
export class Spares {
  readonly #options: SparesOptions
  #kept: Spare[] = []
  #made = 0
  /** The deletions under way, one after the other. */
  #removing: Promise<void> = Promise.resolve()
  #removingBytes = 0

  constructor(options: SparesOptions) {
    this.#options = options
  }

  /** Bytes on the disk that hold nothing: kept, or not deleted yet. */
  get bytes(): number {
    return this.#kept.reduce((sum, spare) => sum + spare.bytes, this.#removingBytes)
  }

  /** Resolves when nothing is being deleted. */
  get removed(): Promise<void> {
    return this.#removing
  }

  /**
   * Deletes the spares of an earlier run: after a power loss in a rename, one can still be a segment
   * under its old name.
   */
  async load(): Promise<void> {
    const { disk, directory } = this.#options
    for (const name of await disk.list(directory))
      if (SPARE_NAME.test(name)) this.remove({ path: join(directory, name), bytes: 0 })
  }

  /** Keeps a segment, if it is one that can be used. Rejects with the error of the rename. */
  async keep({ path, bytes }: Spare): Promise<boolean> {
    const { disk, directory, segmentBytes } = this.#options
    if (this.#kept.length >= SPARES_MAX || bytes < segmentBytes * FILLED_MIN) return false
    const spare = join(directory, `spare-${++this.#made}`)
    await disk.rename(path, spare)
    this.#kept.push({ path: spare, bytes })
    return true
  }

  /** A segment to be written again, if there is one. */
  take(): Spare | undefined {
    return this.#kept.pop()
  }

  /** Deletes a file of the channel, soon. A failure is logged: the next open removes the file. */
  remove(spare: Spare): void {
    this.#removingBytes += spare.bytes
    this.#removing = this.#remove(spare, this.#removing)
  }

  /** Deletes all that are kept: somebody waits for their room. */
  release(): void {
    for (const spare of this.#kept.splice(0)) this.remove(spare)
  }

  /** On a full disk: they become reserve, or room. */
  async giveUp(reserve: Reserve): Promise<void> {
    for (const spare of this.#kept.splice(0))
      if (!(await reserve.recycle(spare.path, spare.bytes))) this.remove(spare)
    await this.#removing
  }

  async #remove({ path, bytes }: Spare, earlier: Promise<void>): Promise<void> {
    await earlier
    try {
      await this.#options.disk.remove(path)
    } catch (error) {
      this.#options.log.warn({ error, path }, 'a segment that is not needed could not be removed')
    }
    this.#removingBytes -= bytes
    this.#options.onRemoved()
  }
}
