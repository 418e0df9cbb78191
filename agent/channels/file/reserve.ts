import { basename, join } from 'node:path'
import type { Disk } from '../../lib/disk.ts'
import type { SegmentHeader } from './format.ts'
import { HEADER_BYTES, decodeSegmentHeader, segmentName } from './format.ts'
import { RESERVE_FILES } from './options.ts'
import { shortWrite } from './segment.ts'

const ZEROS = Buffer.alloc(64 * 1024)

/**
 * Pre-written files that become segments when the disk is full, so that acknowledgements, and with
 * them the draining of the channel, stay possible. See FORMAT.md "Reserve".
 */
export class Reserve {
  readonly #disk: Disk
  readonly #directory: string
  readonly #fileBytes: number
  readonly #present = new Set<string>()

  constructor(disk: Disk, directory: string, fileBytes: number) {
    this.#disk = disk
    this.#directory = directory
    this.#fileBytes = fileBytes
  }

  get complete(): boolean {
    return this.#present.size === RESERVE_FILES
  }

  get bytes(): number {
    return this.#present.size * this.#fileBytes
  }

  /** Bytes a segment made of a reserve file may use. */
  get fileBytes(): number {
    return this.#fileBytes
  }

  /**
   * Notes which files are there with their full size; others are removed. `isNeeded`: whether a segment
   * holds something that counts.
   */
  async load(isNeeded: (segment: number) => boolean): Promise<void> {
    for (const name of names()) {
      const path = join(this.#directory, name)
      const size = await this.#disk.size(path)
      if (size === undefined) continue
      if (size === this.#fileBytes && (await this.#isOwn(path, isNeeded))) this.#present.add(name)
      else await this.#disk.remove(path)
    }
  }

  /**
   * A power loss in the middle of a rename can leave both names of one file. One has to go, or the
   * segment would be overwritten, or a reserve file removed, under the other.
   */
  async #isOwn(path: string, isNeeded: (segment: number) => boolean): Promise<boolean> {
    const header = await this.#headerOf(path)
    if (header === undefined) return true
    const segment = join(this.#directory, segmentName(header.number))
    if ((await this.#disk.size(segment)) === undefined) return true
    if ((await this.#headerOf(segment))?.id.equals(header.id) !== true) return true
    if (isNeeded(header.number)) return false
    await this.#disk.remove(segment)
    return true
  }

  async #headerOf(path: string): Promise<SegmentHeader | undefined> {
    const file = await this.#disk.open(path, 'read')
    try {
      const head = Buffer.alloc(HEADER_BYTES)
      await file.read(head, 0)
      const header = decodeSegmentHeader(head)
      return header === 'newer' ? undefined : header
    } finally {
      await file.close()
    }
  }

  /** Takes a file out of the reserve: the caller renames it. undefined when there is none. */
  take(): string | undefined {
    for (const name of this.#present) {
      this.#present.delete(name)
      return join(this.#directory, name)
    }
    return undefined
  }

  /** Puts a file back that was taken and could not be used. */
  giveBack(path: string): void {
    this.#present.add(basename(path))
  }

  /** Writes and syncs the files that are missing. Rejects with the disk's error, ENOSPC as a rule. */
  async fill(): Promise<void> {
    for (const name of names()) {
      if (this.#present.has(name)) continue
      await this.#make(join(this.#directory, name))
      this.#present.add(name)
    }
  }

  /**
   * Makes a reserve file of a segment that is not needed any more, if one is missing: its blocks are
   * allocated, so this works on a full disk. Returns whether it did.
   */
  async recycle(path: string, sizeBytes: number): Promise<boolean> {
    const name = names().find((each) => !this.#present.has(each))
    if (name === undefined || sizeBytes < this.#fileBytes) return false
    const file = await this.#disk.open(path, 'write')
    try {
      await file.truncate(this.#fileBytes)
      await file.datasync()
    } finally {
      await file.close()
    }
    await this.#disk.rename(path, join(this.#directory, name))
    this.#present.add(name)
    return true
  }

  async #make(path: string): Promise<void> {
    const temporary = `${path}.tmp`
    await this.#disk.remove(temporary)
    const file = await this.#disk.open(temporary, 'create')
    try {
      for (let at = 0; at < this.#fileBytes; at += ZEROS.length) {
        const piece = ZEROS.subarray(0, Math.min(ZEROS.length, this.#fileBytes - at))
        const written = await file.write([piece], at)
        if (written < piece.length) throw shortWrite(written, piece.length)
      }
      await file.datasync()
    } catch (error) {
      await file.close()
      await this.#disk.remove(temporary)
      throw error
    }
    await file.close()
    await this.#disk.rename(temporary, path)
    await this.#disk.syncDirectory(this.#directory)
  }
}

function names(): string[] {
  return Array.from({ length: RESERVE_FILES }, (_, i) => `reserve-${i}`)
}
