import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesIn, check } from './drain.ts'
import { Flume, fileChannel, fileRoll, taildir } from './flume.ts'
import { linesOf } from './lines.ts'
import { short, spread } from './numbers.ts'
import { byEffort } from './options.ts'
import type { Effort } from './options.ts'
import { Ours, fileSink } from './ours.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import { pause } from './running.ts'
import type { Running } from './running.ts'
import { table } from './table.ts'
import type { WorkFolder } from './work-folder.ts'

/**
 * Idle with 1,000 tailed files: each has a few lines, which are delivered and checked; then nothing
 * happens. Share of a core and memory over 30 s, after 15 s in which files that grew lately are still
 * looked at more often (with --quick less of both). Ours and Flume in turn.
 */
const FILES = 1000
const LINES_PER_FILE = 10
const LINES = { count: FILES * LINES_PER_FILE, bytes: 100 }
const DELIVERY_SECONDS_MAX = 120

interface Idle {
  readonly coreShare: number
  readonly residentBytes: number
}

export async function idle(work: WorkFolder, effort: Effort): Promise<string> {
  const rounds = byEffort(effort, { quick: 1, normal: 1, full: 3 })
  const settleSeconds = byEffort(effort, { quick: 2, normal: 15, full: 15 })
  const seconds = byEffort(effort, { quick: 5, normal: 30, full: 30 })
  const input = work.fresh('in')
  for (let i = 0; i < FILES; i++) {
    const lines = linesOf(i * LINES_PER_FILE, LINES_PER_FILE, LINES.bytes)
    writeFileSync(join(input, `${i}.log`), lines)
  }
  const found = { ours: [] as Idle[], flume: [] as Idle[] }
  const times = { settleSeconds, seconds }
  for (let round = 1; round <= rounds; round++) {
    console.log(`… idle, ${round} of ${rounds}`)
    found.ours.push(await measure(work, startOurs(work, input), times))
    found.flume.push(await measure(work, startFlume(work, input), times))
  }
  return [
    `## Idle with ${short(FILES)} tailed files, over ${seconds} s`,
    table(
      ['agent', '% of a core', 'RSS, MB'],
      [row('ours', found.ours), row('Flume', found.flume)],
    ),
  ].join('\n\n')
}

function row(name: string, runs: readonly Idle[]): string[] {
  return [
    name,
    spread(runs.map((each) => 100 * each.coreShare)),
    spread(runs.map((each) => each.residentBytes / 1e6)),
  ]
}

function startOurs(work: WorkFolder, input: string): Running {
  const folder = work.fresh('run')
  const parts = {
    source: { tail: { files: [join(input, '*.log')] } },
    channel: { file: {} },
    sink: fileSink(work.fresh('run', 'out')),
  }
  return new Ours(parts, { folder })
}

function startFlume(work: WorkFolder, input: string): Running {
  const folder = work.fresh('run')
  const parts = {
    source: taildir(folder, input, '.*\\.log'),
    channel: fileChannel(folder, 1_000_000),
    sink: fileRoll(work.fresh('run', 'out')),
  }
  return new Flume(parts, { folder })
}

async function measure(
  work: WorkFolder,
  agent: Running,
  { settleSeconds, seconds }: { readonly settleSeconds: number; readonly seconds: number },
): Promise<Idle> {
  const out = work.join('run', 'out')
  const wanted = LINES.count * LINES.bytes
  await agent.until('all output', () => bytesIn(out) >= wanted || undefined, {
    secondsMax: DELIVERY_SECONDS_MAX,
  })
  await pause(1000 * settleSeconds)
  const before = cpuSeconds(agent.pid)
  const beganAtMs = performance.now()
  await pause(1000 * seconds)
  const used = cpuSeconds(agent.pid) - before
  const tookMs = performance.now() - beganAtMs
  const { residentBytes } = memory(agent.pid)
  await agent.stop()
  check('idle', out, LINES)
  return { coreShare: (used * 1000) / tookMs, residentBytes }
}
