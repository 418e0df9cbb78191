import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AppendLatencies } from './append-latency.ts'
import { bytesIn, check } from './drain.ts'
import { Flume, fileChannel, fileRoll, taildir } from './flume.ts'
import { writeSteadily } from './line-writer.ts'
import { median, percentile, short } from './numbers.ts'
import { byEffort } from './options.ts'
import type { Effort } from './options.ts'
import { Ours, fileSink } from './ours.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import { pause } from './running.ts'
import type { Running } from './running.ts'
import { table } from './table.ts'
import type { WorkFolder } from './work-folder.ts'

/**
 * W5: a steady 5,000 events of 512 bytes a second.
 *
 * Memory and CPU of whole agents: lines are appended to a tailed file in steps of 5 ms, into the file
 * channel, into files; Flume gets the same with the same settings as in W1. Also ours with its stress
 * source, which emits every event as a batch of its own: the worst case for a channel. VmHWM is the
 * peak from exec on, VmRSS the median of the second half of the run, CPU that of the second half. The
 * output of the tailed files is checked as in W1.
 *
 * Latency of appends: the file channel in a process of its own, appended to at that rate and taken
 * from at once; see append-latency.ts. "Less its own sync" takes off the one sync that made the append
 * safe, since that is the disk's part; waiting for the sync of the group before stays in.
 */
const RATE = 5000
const BYTES = 512
const LOOK_MS = 500
const SETTLE_SECONDS_MAX = 120

interface Steady {
  readonly residentPeakBytes: number
  readonly residentBytes: number
  readonly coreShare: number
}

export async function w5(work: WorkFolder, effort: Effort): Promise<string> {
  const seconds = byEffort(effort, { quick: 8, normal: 30, full: 120 })
  const rows: string[][] = []
  for (const [name, run] of Object.entries({
    'ours, tail': ourTail,
    'ours, stress, 1 event per batch': ourStress,
    'Flume, TAILDIR': flumeTail,
  })) {
    console.log(`… ${name}`)
    work.settle('run')
    rows.push(steadyRow(name, await run(work, seconds)))
  }
  const latencies = [1, 5].map((perAppend) => appendLatency(work, perAppend, seconds))
  return [
    `## W5: ${short(RATE)} events/s of ${BYTES} B for ${seconds} s`,
    table(['agent', 'RSS peak, MB', 'RSS settled, MB', '% of a core'], rows),
    table(
      [
        'file channel',
        'append → safe p50, ms',
        'p99',
        'its sync p50',
        'p99',
        'less its sync p50',
        'p99',
      ],
      latencies,
    ),
  ].join('\n\n')
}

function steadyRow(name: string, steady: Steady): string[] {
  return [
    name,
    short(steady.residentPeakBytes / 1e6),
    short(steady.residentBytes / 1e6),
    short(100 * steady.coreShare),
  ]
}

async function ourTail(work: WorkFolder, seconds: number): Promise<Steady> {
  const { folder, input, out } = folders(work)
  const parts = {
    source: { tail: { files: [join(input, '*.log')] } },
    channel: { file: {} },
    sink: fileSink(out),
  }
  return tailed(new Ours(parts, { folder }), { input, out, seconds })
}

async function flumeTail(work: WorkFolder, seconds: number): Promise<Steady> {
  const { folder, input, out } = folders(work)
  const parts = {
    source: taildir(folder, input, '.*'),
    channel: fileChannel(folder, 1_000_000),
    sink: fileRoll(out),
  }
  return tailed(new Flume(parts, { folder }), { input, out, seconds })
}

function folders(work: WorkFolder) {
  const folder = work.fresh('run')
  const [input, out] = [join(folder, 'in'), join(folder, 'out')]
  for (const each of [input, out]) mkdirSync(each)
  return { folder, input, out }
}

async function tailed(
  agent: Running,
  run: { readonly input: string; readonly out: string; readonly seconds: number },
): Promise<Steady> {
  const lines = { count: RATE * run.seconds, bytes: BYTES }
  const writing = writeSteadily(join(run.input, 'lines.log'), lines, RATE)
  const steady = await watch(agent, run.seconds)
  await writing
  const wanted = lines.count * lines.bytes
  await agent.until('all output', () => bytesIn(run.out) >= wanted || undefined, {
    secondsMax: SETTLE_SECONDS_MAX,
  })
  await agent.stop()
  check('W5', run.out, lines)
  return steady
}

async function ourStress(work: WorkFolder, seconds: number): Promise<Steady> {
  const { folder, out } = folders(work)
  const parts = {
    source: { stress: { eventsPerSecond: RATE, size: BYTES } },
    channel: { file: {} },
    sink: fileSink(out),
  }
  const agent = new Ours(parts, { folder })
  const steady = await watch(agent, seconds)
  await agent.stop()
  // The start takes part of the first second.
  const least = 0.9 * RATE * (seconds - 1) * BYTES
  if (bytesIn(out) < least) throw new Error(`W5: only ${bytesIn(out)} bytes were delivered`)
  return steady
}

/** Looks at a process for some seconds; figures other than the peak are of the second half. */
async function watch(agent: Running, seconds: number): Promise<Steady> {
  const endMs = performance.now() + 1000 * seconds
  const halfMs = performance.now() + 500 * seconds
  const resident: number[] = []
  let from: { readonly cpu: number; readonly atMs: number } | undefined
  while (performance.now() < endMs) {
    await pause(LOOK_MS)
    if (performance.now() < halfMs) continue
    from ??= { cpu: cpuSeconds(agent.pid), atMs: performance.now() }
    resident.push(memory(agent.pid).residentBytes)
  }
  const usedSeconds = cpuSeconds(agent.pid) - from!.cpu
  return {
    residentPeakBytes: memory(agent.pid).residentPeakBytes,
    residentBytes: median(resident),
    coreShare: (usedSeconds * 1000) / (performance.now() - from!.atMs),
  }
}

function appendLatency(work: WorkFolder, perAppend: number, seconds: number): string[] {
  console.log(`… append latency, ${perAppend} events per append`)
  work.settle('run')
  const program = join(import.meta.dirname, 'append-latency.ts')
  const args = [program, work.fresh('run'), RATE, perAppend, seconds].map(String)
  const child = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '64', MALLOC_ARENA_MAX: '2' },
  })
  if (child.status !== 0) throw new Error('append-latency.ts failed; its output is above')
  const { totalMs, syncMs, lessSyncMs } = JSON.parse(child.stdout) as AppendLatencies
  const figures = [totalMs, syncMs, lessSyncMs].flatMap((values) => [
    short(percentile(values, 0.5)),
    short(percentile(values, 0.99)),
  ])
  return [`${perAppend} event${perAppend === 1 ? '' : 's'} per append`, ...figures]
}
