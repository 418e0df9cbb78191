import { alternate } from './alternate.ts'
import { check, drain } from './drain.ts'
import type { Drain } from './drain.ts'
import { RATIO_HEAD, drainTable, ratios } from './drain-table.ts'
import type { Contender } from './drain-table.ts'
import { Flume, avroSink, avroSource, fileChannel, fileRoll, taildir } from './flume.ts'
import { freePort, listening } from './free-port.ts'
import { short } from './numbers.ts'
import { byEffort } from './options.ts'
import type { Effort } from './options.ts'
import { Ours, avroHop, avroIntake, fileSink } from './ours.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import type { Running } from './running.ts'
import { table } from './table.ts'
import { prepare } from './w1.ts'
import type { Input } from './pipelines.ts'
import type { WorkFolder } from './work-folder.ts'

/**
 * Two hops: 1,000,000 lines of 512 bytes through an edge (tail → file channel → Avro sink) and a hub
 * (Avro source → file channel → file sink), two processes on one machine; Flume the same with TAILDIR
 * and file_roll, batches of 1000 at every step and a request unanswered at a time, as its sink does.
 *
 * Clock: from exec of the edge, when the hub listens, to the last byte in the hub's output. CPU and
 * memory are those of both processes, their starts included. Every output is checked: each line once.
 */
const OURS = 'ours, edge → hub'
const FLUME = 'Flume, edge → hub'

export async function hop(work: WorkFolder, effort: Effort): Promise<string> {
  const lines = {
    count: byEffort(effort, { quick: 200_000, normal: 1_000_000, full: 1_000_000 }),
    bytes: 512,
  }
  const input = prepare(work, lines)
  await hopOfOurs(input)
  const results = await alternate<Drain>(byEffort(effort, { quick: 1, normal: 3, full: 5 }), [
    { name: OURS, run: () => hopOfOurs(input) },
    { name: FLUME, run: () => hopOfFlume(input) },
  ])
  const [ours, flume] = [OURS, FLUME].map((name): Contender => ({
    name,
    lines,
    runs: results.get(name)!,
  }))
  return [
    `## Two hops: ${short(lines.count)} lines of ${lines.bytes} B, file → edge → hub → file`,
    drainTable([ours!, flume!]),
    table(RATIO_HEAD, [ratios(ours!, flume!)]),
  ].join('\n\n')
}

function hopOfOurs({ work, file, lines }: Input): Promise<Drain> {
  return hopOf({ work, lines, who: 'flume-operator' }, (port, { edge, hub, out }) => ({
    hub: () =>
      new Ours(
        { source: avroIntake(port), channel: { file: {} }, sink: fileSink(out) },
        { folder: hub },
      ),
    edge: () =>
      new Ours(
        { source: { tail: { files: [file] } }, channel: { file: {} }, sink: avroHop(port) },
        { folder: edge },
      ),
  }))
}

function hopOfFlume({ work, directory, lines }: Input): Promise<Drain> {
  const capacity = lines.count + 1_000_000
  return hopOf({ work, lines, who: 'Flume' }, (port, { edge, hub, out }) => ({
    hub: () =>
      new Flume(
        { source: avroSource(port), channel: fileChannel(hub, capacity), sink: fileRoll(out) },
        { folder: hub },
      ),
    edge: () =>
      new Flume(
        {
          source: taildir(edge, directory, '.*'),
          channel: fileChannel(edge, capacity),
          sink: avroSink(port),
        },
        { folder: edge },
      ),
  }))
}

type Start = (
  port: number,
  folders: { readonly edge: string; readonly hub: string; readonly out: string },
) => { readonly hub: () => Running; readonly edge: () => Running }

async function hopOf(
  { work, lines, who }: Pick<Input, 'work' | 'lines'> & { readonly who: string },
  start: Start,
): Promise<Drain> {
  work.settle('run')
  const [edgeFolder, hubFolder] = [work.fresh('run', 'edge'), work.fresh('run', 'hub')]
  const out = work.fresh('run', 'out')
  const port = await freePort()
  const agents = start(port, { edge: edgeFolder, hub: hubFolder, out })
  const hub = agents.hub()
  await listening(hub, port)
  const edge = agents.edge()
  const drained = await drain(edge, out, lines)
  const both = {
    ...drained,
    cpuSeconds: drained.cpuSeconds + cpuSeconds(hub.pid),
    residentPeakBytes: drained.residentPeakBytes + memory(hub.pid).residentPeakBytes,
  }
  await edge.stop()
  await hub.stop()
  check(who, out, lines)
  return both
}
