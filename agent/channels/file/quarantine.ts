import { join } from 'node:path'
import type { Disk, DiskFile } from '../../lib/disk.ts'
import type { Logger } from '../../core/logger.ts'

const COPY_BYTES = 256 * 1024

/**
 * Keeps copies of corrupt bytes for people to look at. Bounded, and best effort: a copy that cannot
 * be made is logged and stops nothing.
 */
export class Quarantine {
  readonly #disk: Disk
  readonly #directory: string
  readonly #log: Logger
  #bytesLeft: number

  constructor(disk: Disk, directory: string, options: { log: Logger; bytesMax: number }) {
    this.#disk = disk
    this.#directory = join(directory, 'quarantine')
    this.#log = options.log
    this.#bytesLeft = options.bytesMax
  }

  /**
   * Copies bytes [from, to) of a segment. Resolves to whether they are new: the same bytes may be met
   * again by a later reader.
   */
  async keep(file: DiskFile, segment: number, from: number, to: number): Promise<boolean> {
    const name = `${segment.toString(16).padStart(16, '0')}-${from}.bad`
    const path = join(this.#directory, name)
    if ((await this.#disk.size(path).catch(() => undefined)) !== undefined) return false
    const bytes = Math.min(to - from, this.#bytesLeft)
    this.#bytesLeft -= bytes
    this.#log.error(
      { code: 'FLM2301', segment, offset: from, bytes: to - from, path },
      'corrupt bytes were found in a segment and quarantined',
    )
    try {
      await this.#disk.makeDirectory(this.#directory)
      const copy = await this.#disk.open(path, 'create')
      try {
        for (let at = 0; at < bytes; at += COPY_BYTES) {
          const piece = Buffer.allocUnsafe(Math.min(COPY_BYTES, bytes - at))
          const read = await file.read(piece, from + at)
          await copy.write([piece.subarray(0, read)], at)
        }
      } finally {
        await copy.close()
      }
    } catch (error) {
      this.#log.warn({ error, path }, 'corrupt bytes could not be copied to the quarantine')
    }
    return true
  }
}
