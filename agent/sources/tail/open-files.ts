import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import { FlumeError } from '../../core/errors.ts'
import { Descriptor, factsAt, identityKey } from './descriptor.ts'
import type { TailedFile } from './tailed-file.ts'

/**
 * Holds the descriptors of the files, at most `openFilesMax`; above that the file used longest ago
 * is closed. Files are opened by identity: a name that means another file now is not opened, and a
 * file that was renamed is found under its new name in the same directory.
 */
export class OpenFiles {
  readonly #openFilesMax: number
  /** In order of use, the longest ago first. */
  readonly #open = new Set<TailedFile>()

  constructor(openFilesMax: number) {
    this.#openFilesMax = openFilesMax
  }

  get count(): number {
    return this.#open.size
  }

  /**
   * The descriptor of the file; opens it when necessary. undefined when the file is nowhere to be
   * found. Throws FLM3102 when all descriptors are taken by files that must stay open, and system
   * errors other than ENOENT.
   */
  open(file: TailedFile): Descriptor | undefined {
    if (file.descriptor === undefined) {
      if (!this.#makeRoom(mayBeOpenedAgain)) {
        throw new FlumeError(
          'FLM3102',
          `Opening ${file.path}: all ${this.#openFilesMax} open files are deleted or renamed ones that are still read. Raise maxOpenFiles.`,
          { retryable: true },
        )
      }
      const descriptor = openSame(file, file.path) ?? openElsewhere(file)
      if (descriptor === undefined) return undefined
      file.descriptor = descriptor
    }
    this.#open.delete(file)
    this.#open.add(file)
    return file.descriptor
  }

  /**
   * Takes over a descriptor that was opened to look at a file first seen. Closes it when the others
   * are still read: a file that is deleted while it is closed is lost.
   */
  adopt(file: TailedFile, descriptor: Descriptor): void {
    if (!this.#makeRoom(isFinished)) {
      descriptor.close()
      return
    }
    file.descriptor = descriptor
    this.#open.add(file)
  }

  close(file: TailedFile): void {
    file.descriptor?.close()
    file.descriptor = undefined
    this.#open.delete(file)
  }

  /** Closes files without new lines for `idleMs`. Those that are gone stay open: no name finds them. */
  closeIdle(idleMs: number, nowMs: number): void {
    for (const file of this.#open) {
      const idleSince = Math.max(file.changedAtMs, file.readAtMs)
      if (file.gone === undefined && nowMs - idleSince >= idleMs) this.close(file)
    }
  }

  closeAll(): void {
    for (const file of this.#open) this.close(file)
  }

  /** Closes the file used longest ago: one that was read to its end, else one of those that `may`. */
  #makeRoom(may: (file: TailedFile) => boolean): boolean {
    if (this.#open.size < this.#openFilesMax) return true
    const file = this.#oldest(isFinished) ?? this.#oldest(may)
    if (file !== undefined) this.close(file)
    return file !== undefined
  }

  #oldest(which: (file: TailedFile) => boolean): TailedFile | undefined {
    for (const file of this.#open) if (which(file)) return file
    return undefined
  }
}

function mayBeOpenedAgain(file: TailedFile): boolean {
  return file.gone === undefined
}

function isFinished(file: TailedFile): boolean {
  return file.gone === undefined && file.offset === file.size
}

function openSame(file: TailedFile, path: string): Descriptor | undefined {
  let descriptor: Descriptor
  try {
    descriptor = new Descriptor(path)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
  const { identity } = descriptor.facts()
  if (
    identityKey(identity) === identityKey(file.identity) &&
    identity.born === file.identity.born
  ) {
    return descriptor
  }
  descriptor.close()
  return undefined
}

function openElsewhere(file: TailedFile): Descriptor | undefined {
  const path = inodesIn(dirname(file.path)).get(file.identity.inode)
  const descriptor = path === undefined ? undefined : openSame(file, path)
  if (descriptor === undefined) return undefined
  file.formerPath = file.path
  file.path = path!
  file.rotated = true
  return descriptor
}

/** Most entries of a directory that are looked at in search of a renamed file. */
const ENTRIES_MAX = 10_000

/** The regular files of a directory by inode; empty when it cannot be read. */
export function inodesIn(directory: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  let names: string[]
  try {
    names = fs.readdirSync(directory)
  } catch {
    // The directory is gone, and with it the file.
    return found
  }
  for (const name of names.slice(0, ENTRIES_MAX)) {
    const path = join(directory, name)
    const facts = factsAt(path)
    if (facts !== undefined) found.set(facts.identity.inode, path)
  }
  return found
}
