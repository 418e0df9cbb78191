import type { Descriptor } from './descriptor.ts'
import { HEAD_BYTES, TAIL_BYTES } from './fingerprint.ts'
import type { TailedFile } from './tailed-file.ts'

/** How many first bytes are compared before a file is opened for it. */
export const FIRST_BYTES = 64

/** Most look-alikes that are compared byte by byte with one file first seen. */
const COMPARED_MAX = 64

/**
 * Whether `file`, first seen now, looks like a copy in the making of a file that is followed: all it
 * has so far, that one has too. Rotation by copy and truncate makes such files, and they must not be
 * read as new ones before the truncation shows what they are.
 */
export function looksLikeCopy(
  file: TailedFile,
  others: Iterable<TailedFile>,
  open: (file: TailedFile) => Descriptor | undefined,
): boolean {
  let compared = 0
  for (const other of others) {
    if (!mayBeOriginal(other, file)) continue
    if (++compared > COMPARED_MAX) return false
    const original = open(other)
    const copy = open(file)
    if (original !== undefined && copy !== undefined && isPrefix(file.size, copy, original))
      return true
  }
  return false
}

function mayBeOriginal(other: TailedFile, file: TailedFile): boolean {
  const live = other.decided || other.decideInScan !== undefined
  if (other === file || !live || !isOlder(other, file)) return false
  // A file in the place of one that was renamed is its successor, though both begin with a header.
  if (other.path === file.path || other.formerPath === file.path) return false
  if (file.size > other.size) return false
  const length = Math.min(other.first.length, file.first.length)
  return other.first.slice(0, length) === file.first.slice(0, length)
}

function isOlder(other: TailedFile, file: TailedFile): boolean {
  if (other.foundInScan !== file.foundInScan) return other.foundInScan < file.foundInScan
  // What is there at the start are files of their own: nobody knows which of two came first.
  return file.foundInScan > 1 && BigInt(other.identity.born) < BigInt(file.identity.born)
}

function isPrefix(size: number, copy: Descriptor, original: Descriptor): boolean {
  const windows = [
    [0, Math.min(size, HEAD_BYTES)],
    [Math.max(0, size - TAIL_BYTES), size],
  ] as const
  return windows.every(([from, to]) => {
    const theirs = original.range(from, to)
    return theirs !== undefined && copy.range(from, to)?.equals(theirs) === true
  })
}
