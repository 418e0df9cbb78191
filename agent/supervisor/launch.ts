import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { openLog } from './log-file.ts'

const FLUME = join(import.meta.dirname, '..', '..', 'bin', 'flume')

/** The descriptor of a child at which it sees that its parent has ended. */
const PARENT_FD = 3

export interface Launch {
  /** Of `bin/flume`. */
  readonly args: readonly string[]
  readonly logFile: string
}

/** How a process ended. */
export interface Ending {
  /** undefined: a signal ended it, or it never ran. */
  readonly code: number | undefined
  /** `SIGKILL`, or why it could not be started. */
  readonly reason: string | undefined
}

export interface ChildHandle {
  /** undefined: it could not be started. */
  readonly pid: number | undefined
  readonly ended: Promise<Ending>
  /** No effect once it has ended. */
  signal(name: NodeJS.Signals): void
}

/** Starts a process; never throws. */
export type LaunchFunction = (launch: Launch) => ChildHandle

/**
 * Starts `bin/flume` with its output in the log. The child is in a session of its own, so that the
 * interrupt of a terminal reaches this process alone, which stops all in order; and it has a pipe whose
 * other end only this process holds, so that it stops too when this process is killed.
 */
export const launchFlume: LaunchFunction = ({ args, logFile }) => {
  let log: number
  try {
    log = openLog(logFile)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { pid: undefined, ended: Promise.resolve({ code: undefined, reason }), signal: () => {} }
  }
  const parent = ['--exit-with-parent', String(PARENT_FD)]
  const child = spawn(FLUME, [...args, ...parent], {
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
  })
  closeSync(log)
  // A child that ended closes its end, and what is left unread in it is nothing of ours.
  child.stdio[PARENT_FD]!.on('error', () => {})
  const ended = new Promise<Ending>((resolve) => {
    child.once('error', (error) => resolve({ code: undefined, reason: error.message }))
    child.once('exit', (code, signal) =>
      resolve({ code: code ?? undefined, reason: signal ?? undefined }),
    )
  })
  return { pid: child.pid, ended, signal: (name) => void child.kill(name) }
}
