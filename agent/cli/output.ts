import { writeSync } from 'node:fs'
import { systemCode } from '../core/errors.ts'

/** How the process ends, as scripts and supervisors see it. */
export const EXIT = {
  clean: 0,
  /** A failure at run time; events left in a memory channel at the deadline; damage found. */
  failure: 1,
  /** The configuration or the command line is wrong. */
  usage: 2,
} as const

/** Writes all of `text` to the standard output before it returns. */
export function print(text: string): void {
  writeAll(1, text)
}

/** Writes all of `text` to the standard error output before it returns. */
export function printError(text: string): void {
  writeAll(2, text)
}

/** The reader of our output is gone (`flume … | head`): nothing more to say, and no failure. */
export class OutputClosed extends Error {}

function writeAll(fd: number, text: string): void {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      if (systemCode(error) === 'EPIPE') throw new OutputClosed('output closed', { cause: error })
      // A terminal or pipe that another process made non-blocking: wait for its reader.
      if (systemCode(error) !== 'EAGAIN') throw error
      Atomics.wait(PAUSE, 0, 0, PAUSE_MS)
    }
  }
}

const PAUSE_MS = 10
const PAUSE = new Int32Array(new SharedArrayBuffer(4))
