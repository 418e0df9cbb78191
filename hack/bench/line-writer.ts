import { closeSync, openSync, writeSync } from 'node:fs'
import { linesOf } from './lines.ts'
import type { Lines } from './lines.ts'
import { pause } from './running.ts'

const TICK_MS = 5

/** Appends lines 0 to `count` to a new file at a steady rate. */
export async function writeSteadily(path: string, lines: Lines, perSecond: number): Promise<void> {
  const fd = openSync(path, 'wx')
  const beganAtMs = performance.now()
  for (let written = 0; written < lines.count;) {
    const due = Math.floor(((performance.now() - beganAtMs) * perSecond) / 1000)
    const count = Math.min(lines.count, due) - written
    if (count > 0) writeSync(fd, linesOf(written, count, lines.bytes))
    written += count
    await pause(TICK_MS)
  }
  closeSync(fd)
}
