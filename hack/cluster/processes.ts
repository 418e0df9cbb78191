import { readFileSync, readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { startTime } from './daemon.ts'
import { until } from './until.ts'

/**
 * Finds the processes of a cluster by a variable of their environment: those too that no pid file
 * knows, such as what a start left behind that was interrupted, or of a state directory that somebody has
 * deleted.
 */

const VARIABLE = 'FLUME_CLUSTER'
const END_SECONDS_MAX = 20

export interface MarkedProcess {
  readonly pid: number
  readonly command: string
}

/** Environment of all processes of a cluster. */
export function markerOf(directory: string): NodeJS.ProcessEnv {
  return { [VARIABLE]: directory }
}

export function markedProcesses(directory: string): MarkedProcess[] {
  const mark = `${VARIABLE}=${directory}`
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .flatMap((pid) => markedProcess(pid, mark))
}

function markedProcess(pid: number, mark: string): MarkedProcess[] {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
    if (!environment.split('\0').includes(mark)) return []
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return [
      {
        pid,
        command: words
          .slice(0, 2)
          .map((word) => basename(word))
          .join(' ')
          .trim(),
      },
    ]
  } catch {
    // It has ended meanwhile.
    return []
  }
}

/** Ends all of them, and those that they start meanwhile. What it ended. */
export async function killMarked(directory: string): Promise<string[]> {
  const ended = new Map<number, string>()
  await until(`the end of all processes of ${directory}`, END_SECONDS_MAX, () => {
    const left = markedProcesses(directory)
    for (const { pid, command } of left) {
      ended.set(pid, `process ${pid} (${command})`)
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended meanwhile.
      }
    }
    // One without an environment may still hold what its last threads had open.
    return left.length === 0 && [...ended.keys()].every((pid) => startTime(pid) === undefined)
  })
  return [...ended.values()]
}
