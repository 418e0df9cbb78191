import { join } from 'node:path'
import { alternate } from './alternate.ts'
import { diskAlone } from './disk-alone.ts'
import type { Drain } from './drain.ts'
import { RATIO_HEAD, drainTable, ratios, steadyEventsPerSecond } from './drain-table.ts'
import type { Contender } from './drain-table.ts'
import { writeLines } from './lines.ts'
import { median, short, spread } from './numbers.ts'
import { byEffort } from './options.ts'
import type { Effort } from './options.ts'
import { countFlumeSyncs, countOurSyncs, drainByFlume, drainByUs } from './pipelines.ts'
import type { Input, OurDrain } from './pipelines.ts'
import { table } from './table.ts'
import type { WorkFolder } from './work-folder.ts'

/**
 * W1: 1,000,000 lines of 512 bytes, pre-written, file → channel → file.
 *
 * Ours: tail → file channel → file sink, also with a timestamp and a static interceptor. Both the
 * channel and the sink sync before they acknowledge. Flume: TAILDIR → file channel → file_roll in
 * batches of 1000, and the same with its memory channel, which survives nothing. Flume syncs its
 * channel, never its output. Beside them what the disk can do: disk-alone.ts.
 *
 * Clock: from exec of the agent to the last byte in the output, so start-up counts; beside it the
 * rate from the first look that saw output to the last byte. CPU: utime + stime of the process with
 * its threads at the last byte. Page cache warm, `sync` and a new folder before each run, contenders
 * in turn (A B C D A B C D …). Every output is checked: each line once, and the hash of the sorted
 * lines. Syncs are counted by strace in one further run of each.
 */
const OURS = 'ours, file channel'
const OURS_INTERCEPTED = 'ours, with timestamp + static'
const FLUME_FILE = 'Flume, file channel'
const FLUME_MEMORY = 'Flume, memory channel'
const DISK = 'the disk alone, bytes twice'

export async function w1(work: WorkFolder, effort: Effort): Promise<string> {
  const lines = {
    count: byEffort(effort, { quick: 200_000, normal: 1_000_000, full: 1_000_000 }),
    bytes: 512,
  }
  const input = prepare(work, lines)
  const interceptors = [{ timestamp: {} }, { static: { key: 'site', value: 'berlin' } }]
  // Node keeps compiled code between starts, as it does for any agent but a newly installed one.
  await drainByUs(input, interceptors)
  const results = await alternate<Drain>(byEffort(effort, { quick: 1, normal: 3, full: 5 }), [
    { name: OURS, run: () => drainByUs(input, []) },
    // Side by side: behind half a minute of Flume a shared machine may give less to whoever comes next.
    { name: OURS_INTERCEPTED, run: () => drainByUs(input, interceptors) },
    { name: FLUME_FILE, run: () => drainByFlume(input, 'file') },
    { name: FLUME_MEMORY, run: () => drainByFlume(input, 'memory') },
    { name: DISK, run: () => diskAlone(work, lines) },
  ])
  const contender = (name: string): Contender => ({ name, lines, runs: results.get(name)! })
  const [ours, flume] = [contender(OURS), contender(FLUME_FILE)]
  const [memory, intercepted] = [contender(FLUME_MEMORY), contender(OURS_INTERCEPTED)]
  return [
    `## W1: ${short(lines.count)} lines of ${lines.bytes} B, file → channel → file`,
    drainTable([ours, intercepted, flume, memory, contender(DISK)]),
    table(RATIO_HEAD, [
      ratios(ours, flume),
      ratios(ours, memory),
      ratios(intercepted, ours),
      ratios(ours, contender(DISK)),
    ]),
    channelFacts(ours.runs as OurDrain[]),
    `With interceptors: ${percent(intercepted, ours)} of the plain speed after the first output.`,
    await syncTable(input),
  ].join('\n\n')
}

export function prepare(work: WorkFolder, lines: Input['lines']): Input {
  const directory = work.fresh('in')
  const file = join(directory, 'lines.log')
  writeLines(file, lines)
  return { work, file, directory, lines }
}

export function channelFacts(runs: readonly OurDrain[]): string {
  const ratio = spread(runs.map((run) => run.writtenPerPayload))
  const syncs = spread(runs.map((run) => run.syncs))
  return `Our channel: bytes written / payload ${ratio}; syncs (flume_channel_syncs_total) ${syncs}.`
}

function percent(part: Contender, whole: Contender): string {
  const share = median(steadyEventsPerSecond(part)) / median(steadyEventsPerSecond(whole))
  return `${(100 * share).toFixed(0)} %`
}

async function syncTable(input: Input): Promise<string> {
  console.log('… counting syncs')
  const ours = await countOurSyncs(input)
  const flume = await countFlumeSyncs(input)
  const row = (name: string, { byFolder, elsewhere }: typeof ours): string[] => [
    name,
    String(byFolder['channel']),
    String(byFolder['checkpoint'] ?? 0),
    String(byFolder['output']),
    String(elsewhere),
    short(input.lines.count / byFolder['channel']!),
  ]
  return table(
    ['syncs, by strace', 'channel', 'checkpoint', 'output', 'elsewhere', 'events per channel sync'],
    [row(OURS, ours), row(FLUME_FILE, flume)],
  )
}
