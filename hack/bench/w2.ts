import { alternate } from './alternate.ts'
import type { Drain } from './drain.ts'
import { RATIO_HEAD, drainTable, ratios } from './drain-table.ts'
import type { Contender } from './drain-table.ts'
import { short } from './numbers.ts'
import { byEffort } from './options.ts'
import type { Effort } from './options.ts'
import { drainByFlume, drainByUs } from './pipelines.ts'
import type { OurDrain } from './pipelines.ts'
import { table } from './table.ts'
import { channelFacts, prepare } from './w1.ts'
import type { WorkFolder } from './work-folder.ts'

/**
 * W2: W1 with short lines (100 B) and long ones (8 KiB). Method as in w1.ts; both agents read the
 * same file. Flume needs minutes for the short ones, so that there are fewer rounds.
 */
export async function w2(work: WorkFolder, effort: Effort): Promise<string> {
  const sizes = [
    {
      count: byEffort(effort, { quick: 500_000, normal: 5_000_000, full: 5_000_000 }),
      bytes: 100,
      rounds: byEffort(effort, { quick: 1, normal: 1, full: 3 }),
    },
    {
      count: byEffort(effort, { quick: 10_000, normal: 62_500, full: 62_500 }),
      bytes: 8192,
      rounds: byEffort(effort, { quick: 1, normal: 3, full: 5 }),
    },
  ]
  const parts: string[] = []
  for (const { rounds, ...lines } of sizes) {
    const input = prepare(work, lines)
    const results = await alternate<Drain>(rounds, [
      { name: 'ours, file channel', run: () => drainByUs(input, []) },
      { name: 'Flume, file channel', run: () => drainByFlume(input, 'file') },
    ])
    const [ours, flume] = [...results].map(([name, runs]): Contender => ({ name, lines, runs }))
    parts.push(
      `## W2: ${short(lines.count)} lines of ${lines.bytes} B, file → channel → file`,
      drainTable([ours!, flume!]),
      table(RATIO_HEAD, [ratios(ours!, flume!)]),
      channelFacts(ours!.runs as OurDrain[]),
    )
  }
  return parts.join('\n\n')
}
