import { existsSync, readFileSync, rmSync } from 'node:fs'
import { cgroupsAt, removeCgroups } from './cgroups.ts'
import { command } from './command.ts'
import { layoutOf } from './layout.ts'
import { leftovers, mountsBelow } from './leftovers.ts'
import { removeNetwork } from './network.ts'
import { killMarked } from './processes.ts'
import { readRecord } from './record.ts'
import { freeSlot, ownSlots } from './slots.ts'

/**
 * Removes all that a cluster made on this machine, also of one that never came up, or whose state
 * directory was deleted under it. Returns what it removed; rejects with what is left, if anything is.
 */
export async function takeDown(directory: string): Promise<string[]> {
  const removed = await killMarked(directory)
  const record = readRecord(directory)
  const slots = ownSlots(directory)
  for (const slot of slots) {
    const layout = layoutOf(slot)
    removed.push(...(await removeNetwork(layout)))
    const groups = cgroupsAt(layout.prefix)
    if (groups.length > 0) {
      await removeCgroups(layout.prefix)
      removed.push(`cgroup ${layout.prefix} in ${groups.length} hierarchies`)
    }
  }
  for (const point of mountsBelow(directory, readFileSync('/proc/self/mountinfo', 'utf8'))) {
    await command('umount', [point])
    removed.push(`mount ${point}`)
  }
  // A cluster's by what it says itself, or by its slot.
  if ((record !== undefined || slots.length > 0) && existsSync(directory)) {
    rmSync(directory, { recursive: true })
    removed.push(`state directory ${directory}`)
  }
  const left = await Promise.all(slots.map((slot) => leftovers(directory, layoutOf(slot))))
  if (left.flat().length > 0) {
    throw new Error(`removed ${removed.length} things; left over:\n  ${left.flat().join('\n  ')}`)
  }
  slots.forEach((slot) => freeSlot(slot))
  return removed
}
