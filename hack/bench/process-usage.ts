import { readFileSync } from 'node:fs'

/** What a process has used, from /proc: of the process itself, all its threads, not its children. */

/** Ticks of utime and stime in a second: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

export function cpuSeconds(pid: number): number {
  return parseCpuSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

export interface Memory {
  readonly residentBytes: number
  readonly residentPeakBytes: number
}

export function memory(pid: number): Memory {
  return parseMemory(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

/** The name of the program may contain blanks and parentheses; fields are counted behind it. */
export function parseCpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

export function parseMemory(status: string): Memory {
  const bytesOf = (key: string): number => {
    const found = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)
    return found === null ? Number.NaN : Number(found[1]) * 1024
  }
  return { residentBytes: bytesOf('VmRSS'), residentPeakBytes: bytesOf('VmHWM') }
}
