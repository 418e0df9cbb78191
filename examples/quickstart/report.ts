import { join, relative } from 'node:path'
import type { FaultTimes } from './faults.ts'
import type { Comparison } from './lines.ts'
import { grouped, seconds } from './screen.ts'
import type { Screen } from './screen.ts'

export interface Outcome {
  readonly lines: Comparison
  /** How many there were. */
  readonly faults: number
  /** Most lines the edge had under way when a fault came. */
  readonly linesInFlightMax: number
  readonly killed: FaultTimes
  readonly frozen: FaultTimes
  readonly edgeRecoveryMs: number
  /** Process ids. */
  readonly leftProcesses: readonly number[]
}

/**
 * The promise of the hop. Of a fault, what was under way when it came may arrive twice: nobody knows
 * whether the first hub took it.
 */
function duplicatesMax({ faults, linesInFlightMax }: Outcome): number {
  return faults * linesInFlightMax
}

export function isPassed(outcome: Outcome): boolean {
  const { lost, strangers, duplicates } = outcome.lines
  const kept = lost === 0 && strangers === 0 && duplicates <= duplicatesMax(outcome)
  return kept && outcome.leftProcesses.length === 0
}

/** The table at the end, and what to do next. */
export function report(screen: Screen, outcome: Outcome, folder: string): void {
  const { lines, faults, linesInFlightMax, killed, frozen, edgeRecoveryMs } = outcome
  const most = duplicatesMax(outcome)
  const bound = `at most ${grouped(most)}: ${faults} faults, up to ${grouped(linesInFlightMax)} lines under way at each`
  const judged = (text: string, isGood: boolean): string =>
    isGood ? screen.good(text.padStart(8)) : screen.bad(text.padStart(8))
  const row = (what: string, value: string, note = ''): void =>
    screen.line(`  ${what.padEnd(24)}${value.padStart(8)}   ${screen.dim(note)}`.trimEnd())
  const count = (what: string, value: number, max = 0, note = ''): void =>
    row(what, judged(grouped(value), value <= max), note)

  screen.line()
  row('written', grouped(lines.written))
  row('delivered', grouped(lines.delivered))
  count('lost', lines.lost)
  count('duplicates', lines.duplicates, most, bound)
  count('torn', lines.strangers)
  screen.line()
  const failOver = (what: string, times: FaultTimes, how: string): void =>
    row(
      `fail-over, ${what} hub`,
      seconds(times.failOverMs),
      `${how}; no line waited longer than ${seconds(times.longestWaitMs)}`,
    )
  failOver('killed', killed, 'until the edge left it')
  failOver('frozen', frozen, 'the same, by requestTimeout: 3s')
  row('recovery, killed hub', seconds(killed.recoveryMs), 'from the kill to a line it confirmed')
  row('recovery, woken hub', seconds(frozen.recoveryMs), 'from SIGCONT to a line it confirmed')
  row('recovery, killed edge', seconds(edgeRecoveryMs), 'from the kill to a line confirmed to it')
  count('processes left', outcome.leftProcesses.length)
  screen.line()
  if (isPassed(outcome)) suggest(screen, folder)
  else screen.line(screen.bad('  A promise was not kept: this is a bug, please report it.'))
}

function suggest(screen: Screen, directory: string): void {
  const folder = relative(process.cwd(), directory) || '.'
  const root = relative(directory, join(import.meta.dirname, '..', '..'))
  const commands = [
    ['the manifests', 'cat examples/quickstart/edge.yaml examples/quickstart/hub.yaml'],
    ['what went in, what came out', `ls ${folder}/logs ${folder}/out`],
    ['what the edge said of the faults', `less ${folder}/data/logs/edge-0.log`],
    ['the channel of the edge', `bin/flume channel verify ${folder}/data/edge-0/ship/disk`],
    [
      'the agents again, with a table; Ctrl-C ends them',
      `(cd ${folder} && ${root}/bin/flume up -f ${root}/examples/quickstart --data-dir data)`,
    ],
    ['in another terminal; or kill a process of the table', `echo hi >> ${folder}/logs/access.log`],
  ]
  screen.line(screen.bold('  Look and try:'))
  for (const [what, command] of commands) {
    screen.line(screen.dim(`  # ${what}`))
    screen.line(`  ${command}`)
  }
  screen.line()
  screen.line('  Your own log file is the next step in README.md.')
}
