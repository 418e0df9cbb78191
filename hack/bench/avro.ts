import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { alternate } from './alternate.ts'
import type { Load, LoadResult } from './avro-load.ts'
import { diskAlone } from './disk-alone.ts'
import { bytesIn, check } from './drain.ts'
import { Flume, NULL_SINK, avroSource, fileChannel, fileRoll } from './flume.ts'
import { freePort, listening } from './free-port.ts'
import { median, short, spread } from './numbers.ts'
import { byEffort } from './options.ts'
import type { Effort } from './options.ts'
import { Ours, avroHop, avroIntake, channelFolder, fileSink } from './ours.ts'
import { memory } from './process-usage.ts'
import { pause } from './running.ts'
import type { Running } from './running.ts'
import { readSyncs, straced } from './syncs.ts'
import { table } from './table.ts'
import type { WorkFolder } from './work-folder.ts'

/**
 * Avro RPC into the file channel: batches of 1, 100 and 1000 events of 511 bytes, from 8 connections with
 * several unanswered requests on each; batches of 1000 also with two headers. Both agents get the same bytes
 * from the same client (avro-load.ts), which encodes them before the clock runs.
 *
 * Clock: from the first request to the last answer, after a warm-up of a fifth of the events. CPU is
 * that of the agent within it; the client's stands beside it, since both share the machine's cores.
 * Memory is VmHWM.
 *
 * Once with a null sink, so that what is taken leaves the channel again; the channel's counts have to be
 * right at the end. Once with nothing delivered meanwhile: Flume has no sink, ours has one to a port where
 * nobody listens. Then the agent is killed with SIGKILL and started again with a file sink: every
 * answered event has to come out, once. Syncs are counted by strace in one further run of each.
 */
const BYTES = 512
const CONNECTIONS = 8
const UNANSWERED_MAX: Readonly<Record<number, number>> = { 1: 32, 100: 8, 1000: 4 }
const WARM_UP = 0.2
const SECONDS_MAX = 600
const LOOK_MS = 20
const CAPACITY = '4Gi'

interface Shape {
  readonly batchEvents: number
  readonly headers: boolean
  readonly count: number
}

interface Taken extends LoadResult {
  readonly residentPeakBytes: number
  readonly channelSyncs: number | undefined
}

type Run = (work: WorkFolder, shape: Shape) => Promise<Taken>

const OURS = 'ours'
const FLUME = 'Flume'

export async function avro(work: WorkFolder, effort: Effort): Promise<string> {
  const rounds = byEffort(effort, { quick: 1, normal: 3, full: 5 })
  const shapes = shapesFor(effort)
  const plain = shapes.filter(({ headers }) => !headers)
  return [
    `## Avro RPC → file channel, ${CONNECTIONS} connections, ${Object.values(UNANSWERED_MAX).join(', ')} unanswered requests on each`,
    'With a null sink:',
    ...(await compare({ work, rounds }, shapes, { ours: oursDrained, flume: flumeDrained })),
    'With nothing delivered, then killed, started again and delivered:',
    ...(await compare({ work, rounds }, plain, { ours: oursKept, flume: flumeKept })),
    await syncTable(work, plain),
    await diskRate(work, rounds, plain.at(-1)!),
  ].join('\n\n')
}

async function compare(
  { work, rounds }: { readonly work: WorkFolder; readonly rounds: number },
  shapes: readonly Shape[],
  runs: { readonly ours: Run; readonly flume: Run },
): Promise<string[]> {
  const rows: string[][] = []
  const ratios: string[][] = []
  for (const shape of shapes) {
    console.log(`… ${titleOf(shape)}`)
    const results = await alternate<Taken>(rounds, [
      { name: OURS, run: () => runs.ours(work, shape) },
      { name: FLUME, run: () => runs.flume(work, shape) },
    ])
    const [our, their] = [results.get(OURS)!, results.get(FLUME)!]
    rows.push(row(shape, OURS, our), row(shape, FLUME, their))
    ratios.push(ratioRow(shape, our, their))
  }
  return [
    table(HEAD, rows),
    table(['medians of pairs, ours : Flume', 'events/s', 'events per CPU-second'], ratios),
  ]
}

async function syncTable(work: WorkFolder, shapes: readonly Shape[]): Promise<string> {
  console.log('… counting syncs')
  const rows: string[][] = []
  for (const shape of shapes) {
    rows.push(syncRow(shape, OURS, await oursKept(work, shape, true)))
    rows.push(syncRow(shape, FLUME, await flumeKept(work, shape, true)))
  }
  return table(SYNC_HEAD, rows)
}

async function diskRate(work: WorkFolder, rounds: number, { count }: Shape): Promise<string> {
  const rates: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const { totalMs } = await diskAlone(work, { count, bytes: BYTES }, ['log'])
    rates.push((count * BYTES) / 1000 / totalMs)
  }
  return `The disk alone, the same bytes once in a new file with a sync behind each 4 MiB: ${spread(rates)} MB/s.`
}

function shapesFor(effort: Effort): Shape[] {
  const of = (batchEvents: number, headers: boolean, normal: number): Shape => {
    const wanted = byEffort(effort, { quick: normal / 5, normal, full: 2 * normal })
    const least = batchEvents * CONNECTIONS * 5
    return { batchEvents, headers, count: Math.max(1, Math.round(wanted / least)) * least }
  }
  return [
    of(1, false, 100_000),
    of(100, false, 1_000_000),
    of(1000, false, 1_000_000),
    of(1000, true, 1_000_000),
  ]
}

function titleOf({ batchEvents, headers }: Shape): string {
  const batch = `batches of ${batchEvents}`
  return headers ? `${batch}, 2 headers` : batch
}

const HEAD = [
  'agent',
  'events/s',
  'MB/s',
  'answer p50, ms',
  'p99',
  'CPU-s/GB',
  'RSS peak, MB',
  'client, % of a core',
]

function row(shape: Shape, name: string, runs: readonly Taken[]): string[] {
  return [
    `${name}, ${titleOf(shape)}`,
    spread(runs.map(eventsPerSecond)),
    spread(runs.map((run) => (eventsPerSecond(run) * BYTES) / 1e6)),
    spread(runs.map((run) => run.answerP50Ms)),
    spread(runs.map((run) => run.answerP99Ms)),
    spread(runs.map((run) => (run.serverCpuSeconds * 1e9) / (run.events * BYTES))),
    spread(runs.map((run) => run.residentPeakBytes / 1e6)),
    spread(runs.map((run) => (100_000 * run.clientCpuSeconds) / run.totalMs)),
  ]
}

function eventsPerSecond(run: LoadResult): number {
  return (run.events * 1000) / run.totalMs
}

function ratioRow(shape: Shape, our: readonly Taken[], their: readonly Taken[]): string[] {
  const times = (figure: (run: Taken) => number): string => {
    const value = median(our.map((run, i) => figure(run) / figure(their[i]!)))
    return `× ${value.toFixed(value < 10 ? 2 : 1)}`
  }
  return [titleOf(shape), times(eventsPerSecond), times((run) => run.events / run.serverCpuSeconds)]
}

const SYNC_HEAD = [
  'syncs, by strace',
  'requests',
  'events',
  'syncs of the channel',
  'events per sync',
]

/** Of the whole run, the warm-up included. */
function syncRow(shape: Shape, name: string, { channelSyncs }: Taken): string[] {
  return [
    `${name}, ${titleOf(shape)}`,
    short(shape.count / shape.batchEvents),
    short(shape.count),
    short(channelSyncs!),
    short(shape.count / channelSyncs!),
  ]
}

async function oursDrained(work: WorkFolder, shape: Shape): Promise<Taken> {
  const { folder } = folders(work)
  const port = await freePort()
  const parts = { source: avroIntake(port), channel: { file: { capacity: CAPACITY } } }
  const agent = new Ours({ ...parts, sink: { null: {} } }, { folder })
  const taken = await take(agent, port, shape)
  await counted(shape, async () => {
    const { appendedEvents, acknowledgedEvents } = await agent.channelStats()
    return [appendedEvents, acknowledgedEvents]
  })
  await agent.stop()
  return taken
}

async function flumeDrained(work: WorkFolder, shape: Shape): Promise<Taken> {
  const { folder } = folders(work)
  const [port, httpPort] = [await freePort(), await freePort()]
  const channel = fileChannel(folder, shape.count + 1_000_000)
  const agent = new Flume(
    { source: avroSource(port), channel, sink: NULL_SINK },
    { folder, httpPort },
  )
  const taken = await take(agent, port, shape)
  await counted(shape, async () => [
    await agent.metric('CHANNEL.c', 'EventPutSuccessCount'),
    await agent.metric('CHANNEL.c', 'EventTakeSuccessCount'),
  ])
  await agent.stop()
  return taken
}

/** What went in and came out, until both are all events. */
async function counted(shape: Shape, counts: () => Promise<number[]>): Promise<void> {
  const deadlineMs = performance.now() + 1000 * SECONDS_MAX
  for (;;) {
    const seen = await counts()
    if (seen.every((count) => count === shape.count)) return
    if (seen.some((count) => count > shape.count) || performance.now() > deadlineMs) {
      throw new Error(`Avro, ${titleOf(shape)}: ${seen.join(' and ')} events of ${shape.count}`)
    }
    await pause(LOOK_MS)
  }
}

async function oursKept(work: WorkFolder, shape: Shape, count = false): Promise<Taken> {
  const { folder, out, trace } = folders(work)
  const [port, nobody] = [await freePort(), await freePort()]
  const parts = { source: avroIntake(port), channel: { file: { capacity: CAPACITY } } }
  const agent = new Ours(
    { ...parts, sink: avroHop(nobody) },
    { folder, under: count ? straced(trace) : undefined },
  )
  const taken = await take(agent, port, shape)
  await agent.kill()
  const syncs = count ? readSyncs(trace, { channel: channelFolder(folder) }) : undefined
  await deliver(() => new Ours({ ...parts, sink: fileSink(out) }, { folder }), out, shape)
  return { ...taken, channelSyncs: syncs?.byFolder['channel'] }
}

async function flumeKept(work: WorkFolder, shape: Shape, count = false): Promise<Taken> {
  const { folder, out, trace } = folders(work)
  const port = await freePort()
  const parts = {
    source: avroSource(port),
    channel: fileChannel(folder, shape.count + 1_000_000),
  }
  const agent = new Flume(parts, { folder, under: count ? straced(trace) : undefined })
  const taken = await take(agent, port, shape)
  await agent.kill()
  const syncs = count ? readSyncs(trace, { channel: join(folder, 'channel') }) : undefined
  await deliver(() => new Flume({ ...parts, sink: fileRoll(out) }, { folder }), out, shape)
  return { ...taken, channelSyncs: syncs?.byFolder['channel'] }
}

function folders(work: WorkFolder) {
  work.settle('run')
  const folder = work.fresh('run')
  return { folder, out: work.fresh('run', 'out'), trace: join(folder, 'syncs.txt') }
}

/** Puts the load on an agent. */
async function take(agent: Running, port: number, shape: Shape): Promise<Taken> {
  await listening(agent, port)
  const result = await put({
    port,
    pid: agent.pid,
    connections: CONNECTIONS,
    unansweredMax: UNANSWERED_MAX[shape.batchEvents]!,
    batchEvents: shape.batchEvents,
    headers: shape.headers,
    lines: { count: shape.count, bytes: BYTES },
    warmUp: WARM_UP,
  })
  const { residentPeakBytes } = memory(agent.pid)
  return { ...result, residentPeakBytes, channelSyncs: undefined }
}

async function put(load: Load): Promise<LoadResult> {
  const program = join(import.meta.dirname, 'avro-load.ts')
  const child = spawn(process.execPath, [program, JSON.stringify(load)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (code !== 0) throw new Error('the load failed; its output is above')
  return JSON.parse(output) as LoadResult
}

/** All that was answered has to be in the channel after the kill. */
async function deliver(start: () => Running, out: string, shape: Shape): Promise<void> {
  const lines = { count: shape.count, bytes: BYTES }
  const agent = start()
  const wanted = lines.count * lines.bytes
  await agent.until('all output', () => bytesIn(out) >= wanted || undefined, {
    secondsMax: SECONDS_MAX,
  })
  await agent.stop()
  check(`Avro, ${titleOf(shape)}`, out, lines)
}
