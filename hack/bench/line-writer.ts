import { closeSync, openSync, writeSync } from 'node:fs'
import { linesOf } from './lines.ts'
import type { Lines } from './lines.ts'
import { pause } from './running.ts'

const TICK_MS = 5

/** Appends lines 0 to `count` to a new file at a steady rate, or fewer once `isOver`. Gives how many. */
export async function writeSteadily(
  path: string,
  lines: Lines,
  perSecond: number,
  isOver: () => boolean = () => false,
): Promise<number> {
  const fd = openSync(path, 'wx')
  const beganAtMs = performance.now()
  let written = 0
  while (written < lines.count && !isOver()) {
    const due = Math.floor(((performance.now() - beganAtMs) * perSecond) / 1000)
    const count = Math.min(lines.count, due) - written
    if (count > 0) writeSync(fd, linesOf(written, count, lines.bytes))
    written += count
    await pause(TICK_MS)
  }
  closeSync(fd)
  return written
}
