import {
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  rmdirSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { layoutOf, slotsFor } from './layout.ts'
import type { Layout } from './layout.ts'

/**
 * Which cluster has which slot: a symbolic link to its state directory, which says in one act that the slot
 * is taken and by whom. A restart of the machine clears them, as it ends the clusters.
 */
const FOLDER = '/run/flume-operator-clusters'

/** Takes the first slot that is free and that `usable` agrees to, or the one it has. */
export async function takeSlot(
  directory: string,
  usable: (layout: Layout) => Promise<boolean>,
  folder: string = FOLDER,
): Promise<number> {
  const [own] = ownSlots(directory, folder)
  if (own !== undefined) return own
  mkdirSync(folder, { recursive: true })
  for (const slot of slotsFor(directory)) {
    if ((await usable(layoutOf(slot))) && claim(directory, slot, folder)) return slot
  }
  throw new Error('all networks for clusters are in use: take one down')
}

/** False: another cluster has it. */
export function claim(directory: string, slot: number, folder: string = FOLDER): boolean {
  mkdirSync(folder, { recursive: true })
  if (ownSlots(directory, folder).includes(slot)) return true
  try {
    symlinkSync(directory, join(folder, String(slot)))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

export function ownSlots(directory: string, folder: string = FOLDER): number[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => readlinkSync(join(folder, name)) === directory)
    .map(Number)
}

export function freeSlot(slot: number, folder: string = FOLDER): void {
  rmSync(join(folder, String(slot)), { force: true })
  try {
    rmdirSync(folder)
  } catch {
    // Other clusters have theirs in it, or it is gone.
  }
}
