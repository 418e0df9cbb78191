import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bytesIn, check } from './drain.ts'
import { fillChannel } from './fill-channel.ts'
import { Flume, checkpointFolder, fileChannel, fileRoll, taildir } from './flume.ts'
import type { FlumeParts } from './flume.ts'
import { freePort } from './free-port.ts'
import { verify } from './lines.ts'
import type { Lines } from './lines.ts'
import { spread } from './numbers.ts'
import { byEffort } from './options.ts'
import type { Effort } from './options.ts'
import { Ours, channelFolder, fileSink } from './ours.ts'
import { memory } from './process-usage.ts'
import { pause } from './running.ts'
import type { Running } from './running.ts'
import { table } from './table.ts'
import { prepare } from './w1.ts'
import type { WorkFolder } from './work-folder.ts'

/**
 * W9: restart with a backlog of 512-byte events: 10,000,000 for us; 1,000,000 for Flume, which needs
 * more than a minute for 10,000,000 (with --full it gets them).
 *
 * Clock: from exec to the first byte in the output, and the part of it that is the agent's: from its
 * first log line on. After a clean stop (SIGTERM), after SIGKILL, and for Flume with its checkpoint
 * deleted; we have none beside the log that could be lost. The channel is filled without a sink: ours through its own code, Flume's by TAILDIR.
 * Each start is ended at its first output, so that the backlog stays; in the end all of it is
 * delivered and checked: ours each line once over all those stops and kills; of Flume, which repeats
 * some after SIGKILL, that none is missing. Page cache: warm for Flume's, ours is larger than a few GB
 * and as the kernel has it.
 */
const BYTES = 512
const CAPACITY = 16 * 2 ** 30
const SECONDS_MAX = 900

interface Restart {
  readonly execMs: number
  readonly agentMs: number
  readonly residentBytes: number
}

export async function w9(work: WorkFolder, effort: Effort): Promise<string> {
  const rounds = byEffort(effort, { quick: 1, normal: 3, full: 5 })
  const ourCount = byEffort(effort, { quick: 1_000_000, normal: 10_000_000, full: 10_000_000 })
  const counts = byEffort(effort, {
    quick: [100_000],
    normal: [1_000_000],
    full: [1_000_000, 10_000_000],
  })
  const rows = await ours(work, { count: ourCount, bytes: BYTES }, rounds)
  for (const count of counts) {
    rows.push(...(await flume(work, { count, bytes: BYTES }, count > 1e6 ? 1 : rounds)))
  }
  return [
    `## W9: restart with a backlog of ${BYTES} B events`,
    table(['restart', 'exec → first output, s', 'agent → first output, s', 'RSS then, MB'], rows),
  ].join('\n\n')
}

function row(name: string, restarts: readonly Restart[]): string[] {
  return [
    name,
    spread(restarts.map((each) => each.execMs / 1000)),
    spread(restarts.map((each) => each.agentMs / 1000)),
    spread(restarts.map((each) => each.residentBytes / 1e6)),
  ]
}

async function ours(work: WorkFolder, lines: Lines, rounds: number): Promise<string[][]> {
  work.settle('run', 'in')
  const folder = work.fresh('run')
  const out = work.fresh('run', 'out')
  console.log('… filling our channel')
  await fillChannel(channelFolder(folder), lines, CAPACITY)
  const parts = {
    source: { tail: { files: [join(folder, 'none', '*.log')] } },
    channel: { file: { capacity: `${CAPACITY}` } },
    sink: fileSink(out),
  }
  const start = (): Running => new Ours(parts, { folder })
  const clean: Restart[] = []
  const killed: Restart[] = []
  for (let round = 1; round <= rounds; round++) {
    console.log(`… our restarts, ${round} of ${rounds}`)
    clean.push(await restart(start(), out, /agent starting/, 'SIGKILL'))
    killed.push(await restart(start(), out, /agent starting/, 'SIGTERM'))
  }
  console.log('… delivering all of it')
  const agent = start()
  const wanted = lines.count * lines.bytes
  await agent.until('all output', () => bytesIn(out) >= wanted || undefined, {
    secondsMax: SECONDS_MAX,
  })
  await agent.stop()
  check('W9, flume-operator', out, lines)
  const what = `ours, ${lines.count / 1e6} M queued`
  return [row(`${what}, clean stop`, clean), row(`${what}, SIGKILL`, killed)]
}

/** Waits for the first output of a start, then ends it. */
async function restart(
  agent: Running,
  out: string,
  began: RegExp,
  end: NodeJS.Signals,
): Promise<Restart> {
  const before = bytesIn(out)
  const times = { secondsMax: SECONDS_MAX, lookMs: 1 }
  // A sink may cut back what it finds first, so that growth is seen against the least.
  let least = before
  let beganAtMs: number | undefined
  await agent.until(
    'the first output',
    () => {
      if (beganAtMs === undefined && began.test(agent.log)) beganAtMs = performance.now()
      const bytes = bytesIn(out)
      least = Math.min(least, bytes)
      return bytes > least || undefined
    },
    times,
  )
  const atMs = performance.now()
  const residentBytes = memory(agent.pid).residentBytes
  await agent.end(end)
  return {
    execMs: atMs - agent.startedAtMs,
    agentMs: atMs - (beganAtMs ?? agent.startedAtMs),
    residentBytes,
  }
}

async function flume(work: WorkFolder, lines: Lines, rounds: number): Promise<string[][]> {
  work.settle('run', 'in')
  const folder = work.fresh('run')
  const out = work.fresh('run', 'out')
  const { directory } = prepare(work, lines)
  const channel = fileChannel(folder, lines.count + 100_000)
  console.log('… filling the channel of Flume')
  await fillFlume({ source: taildir(folder, directory, '.*'), channel }, folder, lines.count)
  // A source has to be there; this one finds no files.
  const source = { ...taildir(folder, directory, 'none'), positionFile: join(folder, 'none.json') }
  const start = (): Running => new Flume({ source, channel, sink: fileRoll(out) }, { folder })
  const began = /INFO/
  const found = { clean: [] as Restart[], killed: [] as Restart[], lost: [] as Restart[] }
  for (let round = 1; round <= rounds; round++) {
    console.log(`… restarts of Flume, ${round} of ${rounds}`)
    found.clean.push(await restart(start(), out, began, 'SIGKILL'))
    found.killed.push(await restart(start(), out, began, 'SIGTERM'))
    rmSync(checkpointFolder(folder), { recursive: true })
    found.lost.push(await restart(start(), out, began, 'SIGTERM'))
  }
  await deliverRest(start(), out, lines)
  const what = `Flume, ${lines.count / 1e6} M queued`
  return [
    row(`${what}, clean stop`, found.clean),
    row(`${what}, SIGKILL`, found.killed),
    row(`${what}, checkpoint deleted`, found.lost),
  ]
}

async function fillFlume(parts: FlumeParts, folder: string, count: number): Promise<void> {
  const httpPort = await freePort()
  const agent = new Flume(parts, { folder, httpPort })
  for (let queued = 0; queued < count;) {
    await pause(250)
    queued = await agent.metric('CHANNEL.c', 'ChannelSize')
  }
  await agent.stop()
}

/** Until nothing comes any more: how much comes is not known, since Flume repeats some. */
async function deliverRest(agent: Running, out: string, lines: Lines): Promise<void> {
  let bytes = bytesIn(out)
  await agent.until('output', () => bytesIn(out) > bytes || undefined, { secondsMax: SECONDS_MAX })
  for (let quiet = 0; quiet < 10; quiet++) {
    await pause(500)
    const now = bytesIn(out)
    if (now !== bytes) quiet = 0
    bytes = now
  }
  await agent.stop()
  const { missing } = verify(out, lines)
  if (missing > 0) throw new Error(`W9, Flume: ${missing} events are missing`)
}
