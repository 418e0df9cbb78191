import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ensure } from '../setup/tool.ts'
import type { Tool } from '../setup/tool.ts'

/** Counts syncs by strace, as the proof of what a figure stands for. */

const STRACE: Tool = { probe: ['strace', '--version'], title: 'strace', debianPackage: 'strace' }

const CALLS = 'fsync,fdatasync,msync,sync_file_range'

/** What to put before a command, so that its syncs are written to `file`; installs strace. */
export function straced(file: string): readonly string[] {
  ensure([STRACE])
  // The filter in the kernel leaves all other calls at full speed, where strace knows it.
  const help = spawnSync('strace', ['--help'], { encoding: 'utf8' }).stdout
  const fast = help.includes('--seccomp-bpf') ? ['--seccomp-bpf'] : []
  return ['strace', '-f', ...fast, '-qq', '-y', '-e', `trace=${CALLS}`, '-o', file]
}

export interface Syncs {
  /** Successful syncs of files below a folder, by the folder's name as given. */
  readonly byFolder: Readonly<Record<string, number>>
  /** Of anything else. */
  readonly elsewhere: number
}

export function readSyncs(file: string, folders: Readonly<Record<string, string>>): Syncs {
  return countSyncs(readFileSync(file, 'utf8'), folders)
}

/** `folders`: name → path. A line is `PID fdatasync(21</path/to/file>) = 0`. */
export function countSyncs(trace: string, folders: Readonly<Record<string, string>>): Syncs {
  const byFolder: Record<string, number> = {}
  for (const name of Object.keys(folders)) byFolder[name] = 0
  let elsewhere = 0
  // A call of one thread that another interrupts is printed in two lines: the first has the path.
  for (const line of trace.split('\n')) {
    if (/ = -1 /.test(line) || /<\.\.\. \w+ resumed>/.test(line)) continue
    const call = /\b(?:fsync|fdatasync|sync_file_range)\(\d+<([^>]*)>/.exec(line)
    if (call === null) {
      if (/\bmsync\(/.test(line)) elsewhere++
      continue
    }
    const name = Object.keys(folders).find((each) => call[1]!.startsWith(folders[each]!))
    if (name === undefined) elsewhere++
    else byFolder[name]!++
  }
  return { byFolder, elsewhere }
}
