import type { Drain } from './drain.ts'
import type { Lines } from './lines.ts'
import { median, spread } from './numbers.ts'
import { table } from './table.ts'

/** What is compared, with the runs of each contender. */
export interface Contender {
  readonly name: string
  readonly lines: Lines
  readonly runs: readonly Drain[]
}

const HEAD = [
  'agent',
  'events/s from exec',
  'events/s after first output',
  'MB/s',
  'first output, s',
  'CPU-s/GB',
  'RSS peak, MB',
]

export function eventsPerSecond({ lines, runs }: Contender): number[] {
  return runs.map((run) => (lines.count * 1000) / run.totalMs)
}

export function steadyEventsPerSecond({ lines, runs }: Contender): number[] {
  return runs.map((run) => run.steadyBytesPerSecond / lines.bytes)
}

export function cpuSecondsPerGigabyte({ lines, runs }: Contender): number[] {
  return runs.map((run) => (run.cpuSeconds * 1e9) / (lines.count * lines.bytes))
}

export function drainTable(contenders: readonly Contender[]): string {
  return table(
    HEAD,
    contenders.map((each) => [
      each.name,
      spread(eventsPerSecond(each)),
      spread(steadyEventsPerSecond(each)),
      spread(each.runs.map((run) => (each.lines.count * each.lines.bytes) / 1000 / run.totalMs)),
      spread(each.runs.map((run) => run.firstMs / 1000)),
      spread(cpuSecondsPerGigabyte(each)),
      spread(each.runs.map((run) => run.residentPeakBytes / 1e6)),
    ]),
  )
}

/** How many times the first is faster and cheaper than the second: medians of the ratios of pairs. */
export function ratios(ours: Contender, peer: Contender): string[] {
  const pairs = (figures: (each: Contender) => number[]): number[] => {
    const theirs = figures(peer)
    return figures(ours).flatMap((value, i) => (i < theirs.length ? [value / theirs[i]!] : []))
  }
  return [
    `${ours.name} : ${peer.name}`,
    times(pairs(eventsPerSecond)),
    times(pairs(steadyEventsPerSecond)),
    times(pairs(cpuSecondsPerGigabyte).map((ratio) => 1 / ratio)),
  ]
}

export const RATIO_HEAD = [
  'medians of pairs',
  'events/s from exec',
  'events/s after first output',
  'events per CPU-second',
]

function times(values: readonly number[]): string {
  return values.length === 0 ? '–' : `× ${median(values).toFixed(median(values) < 10 ? 2 : 1)}`
}
