import type { DiskFile } from '../../lib/disk.ts'

/** A file of the sink from its creation to its end; it is never opened for writing a second time. */
export class OutputFile {
  readonly path: string
  readonly number: number
  readonly #file: DiskFile
  #length = 0

  constructor(path: string, number: number, file: DiskFile) {
    this.path = path
    this.number = number
    this.#file = file
  }

  /** Bytes written and synced. */
  get length(): number {
    return this.#length
  }

  /**
   * Writes `bytes` bytes in `buffers` and syncs them. When it rejects, any part of them may be in the
   * file and the descriptor must not be used again: a later sync could succeed without the data.
   */
  async append(buffers: readonly Uint8Array[], bytes: number): Promise<void> {
    const written = await this.#file.write(buffers, this.#length)
    if (written !== bytes) {
      throw new Error(`only ${written} of ${bytes} bytes were written, as happens on a full disk`)
    }
    await this.#file.datasync()
    this.#length += bytes
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
