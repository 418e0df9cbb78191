import {
  copyFileSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
  closeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { systemCode } from '../core/errors.ts'

/** A log that has more is copied to `….1` and begun anew: a replica has twice as much at most. */
const LOG_BYTES_MAX = 16 * 2 ** 20
const TAIL_BYTES = 4096

/** Where the output of a process goes; the caller closes the descriptor. */
export function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
  return openSync(path, 'a', 0o640)
}

/**
 * Begins the log anew when it is too large. The process that writes it goes on with the same
 * descriptor, so the text is copied away; a line that is written just then may be missing in the copy.
 */
export function rotateLog(path: string, bytesMax = LOG_BYTES_MAX): void {
  try {
    if (statSync(path).size <= bytesMax) return
    copyFileSync(path, `${path}.1`)
    truncateSync(path, 0)
  } catch (error) {
    // Somebody removed it, or the disk is full: a log is no reason to stop anything.
    if (systemCode(error) === undefined) throw error
  }
}

/** The last lines of a log, for a message; none when it cannot be read. */
export function lastLines(path: string, count: number): string[] {
  try {
    const { size } = statSync(path)
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES))
    const fd = openSync(path, 'r')
    try {
      const bytes = readSync(fd, buffer, 0, buffer.length, size - buffer.length)
      const lines = buffer.toString('utf8', 0, bytes).split('\n')
      return lines.filter((line) => line.trim() !== '').slice(-count)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return []
  }
}
