import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isRight, verify } from './lines.ts'
import type { Lines } from './lines.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import type { Running } from './running.ts'

const LOOK_MS = 3
const SECONDS_MAX = 900

/** How a program moved pre-written lines into files. */
export interface Drain {
  /** From exec to the last byte in the output. */
  readonly totalMs: number
  /** From exec to the first byte in the output. */
  readonly firstMs: number
  /** Bytes per second between the first look that saw output and the last byte. */
  readonly steadyBytesPerSecond: number
  /** utime + stime of the process and its threads at the last byte. */
  readonly cpuSeconds: number
  readonly residentPeakBytes: number
}

/** Bytes in the files of a directory. */
export function bytesIn(directory: string): number {
  let bytes = 0
  for (const name of readdirSync(directory))
    bytes += statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0
  return bytes
}

/** Waits until all lines are in `out`. They are checked later: see `check`. */
export async function drain(running: Running, out: string, lines: Lines): Promise<Drain> {
  const wanted = lines.count * lines.bytes
  const times = { secondsMax: SECONDS_MAX, lookMs: LOOK_MS }
  const firstBytes = await running.until('the first output', () => bytesIn(out) || undefined, times)
  const firstAtMs = performance.now()
  await running.until('the last output', () => bytesIn(out) >= wanted || undefined, times)
  const lastAtMs = performance.now()
  return {
    totalMs: lastAtMs - running.startedAtMs,
    firstMs: firstAtMs - running.startedAtMs,
    steadyBytesPerSecond: ((wanted - firstBytes) * 1000) / (lastAtMs - firstAtMs),
    cpuSeconds: cpuSeconds(running.pid),
    residentPeakBytes: memory(running.pid).residentPeakBytes,
  }
}

/** Fails unless `out` holds every line once. */
export function check(who: string, out: string, lines: Lines): void {
  const verdict = verify(out, lines)
  if (isRight(verdict)) return
  throw new Error(`${who}: the output is wrong: ${JSON.stringify(verdict)} of ${lines.count} lines`)
}
