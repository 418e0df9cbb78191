import { dirname } from 'node:path'
import type { Disk } from './disk.ts'

/** Errors of a parent that this user may not open: nothing of ours was made in there. */
const NOT_OURS = new Set<unknown>(['EACCES', 'EPERM', 'EROFS'])

/**
 * Makes a directory and its parents, durably. All parents are synced each time: a process that was
 * killed between making and syncing left them in the page cache alone.
 */
export async function makeDurableDirectory(disk: Disk, directory: string): Promise<void> {
  await disk.makeDirectory(directory)
  for (let at = directory; ; at = dirname(at)) {
    try {
      await disk.syncDirectory(at)
    } catch (error) {
      if (at === directory || !NOT_OURS.has((error as { code?: unknown }).code)) throw error
    }
    if (at === dirname(at)) return
  }
}
