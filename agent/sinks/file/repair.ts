import { join } from 'node:path'
import type { Logger } from '../../core/logger.ts'
import { systemCode } from '../../core/errors.ts'
import type { Disk } from '../../lib/disk.ts'
import type { Cursor } from './cursor.ts'
import { numberOf } from './series.ts'

/** The file may not be changed, and no retry will help. */
const PERMANENT = new Set(['EACCES', 'EPERM', 'EROFS', 'ETXTBSY', 'EISDIR'])

/** Whether cutting back may succeed later, as after an I/O error or on a full disk. */
export function isTransient(error: unknown): boolean {
  return !PERMANENT.has(systemCode(error) ?? '')
}

/**
 * 'cut': the file has `length` bytes, durably; with 0 it is gone. 'short': it has fewer and is left
 * alone, for writing on would leave a hole of zeros. 'missing': there is no such file.
 */
export type CutResult = 'cut' | 'short' | 'missing'

/**
 * Takes away what follows the first `length` bytes of a file, by a descriptor of its own. When it
 * rejects, any part of the rest may still be there.
 */
export async function cutBack(disk: Disk, path: string, length: number): Promise<CutResult> {
  const file = await openExisting(disk, path)
  if (file === undefined) return 'missing'
  try {
    if ((await file.size()) < length) return 'short'
    await file.truncate(length)
    await file.datasync()
  } finally {
    await file.close()
  }
  // The empty file is durable: should its name come back after a power loss, it has no event.
  if (length === 0) await disk.remove(path)
  return 'cut'
}

async function openExisting(disk: Disk, path: string) {
  try {
    return await disk.open(path, 'write')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

export interface RepairContext {
  readonly disk: Disk
  readonly log: Logger
}

/**
 * Brings the files of a series in line with what was acknowledged: what lies beyond the cursor was
 * written for events that are delivered again. Returns how many files had to be sealed: left as they
 * are because they may not be changed. Rejects on errors that may pass; a later call does the rest.
 */
export async function repair(context: RepairContext, cursor: Cursor): Promise<number> {
  let sealed = 0
  let found = cursor.number === 0
  for (const name of await listIfThere(context.disk, cursor.directory)) {
    const number = numberOf(name, cursor.series, cursor.suffix)
    if (number === undefined || number < cursor.number) continue
    const path = join(cursor.directory, name)
    const length = number === cursor.number ? cursor.length : 0
    found ||= number === cursor.number
    if (!(await repairFile(context, path, length))) sealed++
  }
  if (!found) {
    context.log.warn(
      { directory: cursor.directory, series: cursor.series, number: cursor.number },
      'The last file was moved or removed; writing goes on in a new one',
    )
  }
  return sealed
}

async function listIfThere(disk: Disk, directory: string): Promise<readonly string[]> {
  try {
    return await disk.list(directory)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

/** false: the file had to be sealed. */
async function repairFile(context: RepairContext, path: string, length: number): Promise<boolean> {
  const { disk, log } = context
  try {
    const size = await disk.size(path)
    const result = await cutBack(disk, path, length)
    if (result === 'short') reportShort(log, { path, length, size })
    else if (result === 'cut' && size !== length) {
      log.info({ path, length, size }, 'Cut a file back to its acknowledged length')
    }
    return true
  } catch (error) {
    if (isTransient(error)) throw error
    reportSealed(log, { path, length, error })
    return false
  }
}

export function reportShort(
  log: Logger,
  fields: { readonly path: string; readonly length: number; readonly size?: number | undefined },
): void {
  log.error(
    fields,
    'A file is shorter than what was written and synced: it was truncated from outside, or the disk lost data; events are missing in it and writing goes on in a new file',
  )
}

export function reportSealed(
  log: Logger,
  fields: { readonly path: string; readonly length: number; readonly error: unknown },
): void {
  log.error(
    fields,
    'A file could not be cut back to its acknowledged length and is left as it is: what follows that length may be repeated in the next file',
  )
}
