import { dirname } from 'node:path'
import { systemCode } from '../../core/errors.ts'
import type { Disk } from '../../lib/disk.ts'

/** Errors of a parent that this user may not open: nothing of ours was made in there. */
const NOT_OURS = new Set(['EACCES', 'EPERM', 'EROFS'])

/**
 * Makes a directory with its parents, durably. All parents are synced each time: a process that was
 * killed between making and syncing left them there, but only in the page cache.
 */
export async function makeDurableDirectory(disk: Disk, directory: string): Promise<void> {
  await disk.makeDirectory(directory)
  for (let at = directory; ; at = dirname(at)) {
    try {
      await disk.syncDirectory(at)
    } catch (error) {
      if (at === directory || !NOT_OURS.has(systemCode(error) ?? '')) throw error
    }
    if (at === dirname(at)) return
  }
}
