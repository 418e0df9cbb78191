import { formatDuration, formatNumber, formatRate } from '../format.ts'
import type { ReplicaRow } from './rows.ts'

/** Problems shown below the table. */
const PROBLEMS_MAX = 8

const HEAD = ['replica', 'state', 'pid', 'restarts', 'backlog', 'oldest', 'in', 'out', 'live sink']
/** Columns of numbers stand to the right. */
const RIGHT = new Set([2, 3, 4, 5, 6, 7])

/** The replicas as lines that fit the screen, with what is wrong below them. Pure. */
export function formatTable(
  rows: readonly ReplicaRow[],
  { width, height }: { readonly width: number; readonly height: number },
): string[] {
  const problems = rows.flatMap((row) => row.problems.map((each) => `${row.replica}: ${each}`))
  const shownProblems = cut(problems, Math.min(PROBLEMS_MAX, Math.max(1, Math.floor(height / 3))))
  const room = Math.max(2, height - shownProblems.length - 1)
  const table = aligned([HEAD, ...rows.map(cells)])
  return [...cut(table, room), ...shownProblems].map((line) => line.slice(0, Math.max(1, width)))
}

/** A line for a log: what the columns say, in words. */
export function formatRow(row: ReplicaRow): string {
  const { replica, state, pid, restarts } = row
  const process = pid === undefined ? '' : ` pid ${pid}`
  const parts = [`${replica}: ${state}${process}`, `restarts ${restarts}`]
  if (row.retryInMs !== undefined) parts.push(`starts in ${formatDuration(row.retryInMs)}`)
  if (row.backlogEvents !== undefined) {
    const [, , , , backlog, oldest, rateIn, rateOut, live] = cells(row)
    parts.push(`backlog ${backlog}`, `oldest ${oldest}`, `in ${rateIn}`, `out ${rateOut}`)
    parts.push(`live ${live}`)
  }
  return [parts.join(', '), ...row.problems.slice(0, PROBLEMS_MAX)].join('; ')
}

function cells(row: ReplicaRow): string[] {
  const { replica, pid, restarts, backlogEvents } = row
  const state =
    row.retryInMs === undefined ? row.state : `${row.state} ${formatDuration(row.retryInMs)}`
  const start = [replica, state, pid === undefined ? '-' : String(pid), formatNumber(restarts)]
  if (backlogEvents === undefined) return [...start, '-', '-', '-', '-', '-']
  return [
    ...start,
    formatNumber(backlogEvents),
    backlogEvents === 0 ? 'none' : formatDuration(row.oldestEventAgeMs!),
    formatRate(row.inPerSecond!),
    formatRate(row.outPerSecond!),
    row.liveSinks!.length === 0 ? 'none' : row.liveSinks!.join(' '),
  ]
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  return rows.map((row) =>
    row
      .map((cell, i) => (RIGHT.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
}

/** At most so many lines; the last one says how many are missing. */
function cut(lines: readonly string[], max: number): string[] {
  if (lines.length <= max) return [...lines]
  return [...lines.slice(0, max - 1), `… and ${lines.length - max + 1} more`]
}
