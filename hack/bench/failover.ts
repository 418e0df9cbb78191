import { join } from 'node:path'
import { alternate } from './alternate.ts'
import { bytesIn } from './drain.ts'
import { Flume, avroSink, avroSource, fileChannel, fileRoll, taildir } from './flume.ts'
import { freePort, freePorts, listening } from './free-port.ts'
import { writeSteadily } from './line-writer.ts'
import { verify } from './lines.ts'
import type { Verdict } from './lines.ts'
import { spread } from './numbers.ts'
import { byEffort } from './options.ts'
import type { Effort } from './options.ts'
import { Ours, avroHop, avroIntake, fileSink } from './ours.ts'
import { pause } from './running.ts'
import type { Running } from './running.ts'
import { table } from './table.ts'
import type { WorkFolder } from './work-folder.ts'

/**
 * Fail-over: an edge with two hubs in a failover group, 5,000 lines of 512 bytes a second. Once three
 * seconds' worth is in the output of the first hub, it is killed (SIGKILL) or frozen (SIGSTOP).
 *
 * Clock: from the signal to the first event that the second hub has accepted, by its metrics, and to the
 * first byte in its output. Both are looked at every 10 ms; Flume's file_roll sink sleeps when it has nothing
 * to do, which its second figure shows. Then the first hub is started again or woken, the writer ends,
 * and both outputs together are checked: a missing line is a failure, repeated ones are counted. Both
 * agents with their defaults: Flume waits 20 s for an answer.
 */
const RATE = 5000
const BYTES = 512
const BEFORE_SECONDS = 3
const AFTER_SECONDS = 3
const LOOK_MS = 10
const SECONDS_MAX = 120

const FAULTS = { 'killed hub': 'SIGKILL', 'frozen hub': 'SIGSTOP' } as const

interface Failover {
  readonly acceptedMs: number
  readonly deliveredMs: number
  readonly repeated: number
  readonly missing: number
}

interface Hub extends Running {
  /** Events that its source has accepted. */
  accepted(): Promise<number>
}

class OurHub extends Ours implements Hub {
  async accepted(): Promise<number> {
    return (await this.channelStats()).appendedEvents
  }
}

class FlumeHub extends Flume implements Hub {
  accepted(): Promise<number> {
    return this.metric('SOURCE.in', 'EventAcceptedCount')
  }
}

/** Two hubs and the edge, with what they are made of. */
interface Agents {
  readonly hubs: readonly [Start<Hub>, Start<Hub>]
  readonly edge: () => Running
}

interface Start<Kind> {
  readonly port: number
  readonly out: string
  readonly run: () => Kind
}

export async function failover(work: WorkFolder, effort: Effort): Promise<string> {
  const rounds = byEffort(effort, { quick: 1, normal: 3, full: 5 })
  const rows: string[][] = []
  for (const [fault, signal] of Object.entries(FAULTS)) {
    console.log(`… ${fault}`)
    const results = await alternate<Failover>(rounds, [
      { name: 'ours', run: () => failOver(work, signal, ours) },
      { name: 'Flume', run: () => failOver(work, signal, flume) },
    ])
    for (const [name, runs] of results) rows.push(row(`${name}, ${fault}`, runs))
  }
  return [
    `## Fail-over from one hub to another, ${RATE} events/s`,
    table(
      [
        'agent, fault',
        'accepted by the other, s',
        'in its output, s',
        'repeated events',
        'missing',
      ],
      rows,
    ),
  ].join('\n\n')
}

function row(name: string, runs: readonly Failover[]): string[] {
  return [
    name,
    spread(runs.map((run) => run.acceptedMs / 1000)),
    spread(runs.map((run) => run.deliveredMs / 1000)),
    spread(runs.map((run) => run.repeated)),
    spread(runs.map((run) => run.missing)),
  ]
}

async function failOver(
  work: WorkFolder,
  signal: NodeJS.Signals,
  agentsOf: (work: WorkFolder, input: string) => Promise<Agents>,
): Promise<Failover> {
  work.settle('run')
  const input = work.fresh('run', 'in')
  const agents = await agentsOf(work, input)
  const [first, second] = agents.hubs
  const hubs = [first.run(), second.run()] as const
  await listening(hubs[0], first.port)
  await listening(hubs[1], second.port)
  const edge = agents.edge()
  const ending = new AbortController()
  const writing = writeSteadily(
    join(input, 'lines.log'),
    { count: RATE * 2 * SECONDS_MAX, bytes: BYTES },
    RATE,
    () => ending.signal.aborted,
  )
  const wanted = RATE * BEFORE_SECONDS * BYTES
  await edge.until('output', () => bytesIn(first.out) >= wanted || undefined, { secondsMax: 60 })
  const times = await strike(hubs, signal, second.out)
  let firstAgain: Running = hubs[0]
  if (signal === 'SIGKILL') firstAgain = first.run()
  else process.kill(hubs[0].pid, 'SIGCONT')
  await pause(1000 * AFTER_SECONDS)
  ending.abort()
  const count = await writing
  const verdict = await allOf(edge, [first.out, second.out], count)
  for (const each of [edge, firstAgain, hubs[1]]) await each.stop()
  return { ...times, repeated: verdict.repeated, missing: verdict.missing }
}

async function strike(
  [first, second]: readonly [Hub, Hub],
  signal: NodeJS.Signals,
  secondOut: string,
): Promise<{ readonly acceptedMs: number; readonly deliveredMs: number }> {
  const [acceptedBefore, bytesBefore] = [await second.accepted(), bytesIn(secondOut)]
  const faultAtMs = performance.now()
  process.kill(first.pid, signal)
  let acceptedMs: number | undefined
  const watch = (async () => {
    while (acceptedMs === undefined) {
      if ((await second.accepted()) > acceptedBefore) acceptedMs = performance.now() - faultAtMs
      else if (performance.now() - faultAtMs > 1000 * SECONDS_MAX) return
      else await pause(LOOK_MS)
    }
  })()
  await second.until(
    'output of the other hub',
    () => bytesIn(secondOut) > bytesBefore || undefined,
    {
      secondsMax: SECONDS_MAX,
      lookMs: LOOK_MS,
    },
  )
  const deliveredMs = performance.now() - faultAtMs
  await watch
  return { acceptedMs: acceptedMs ?? Number.NaN, deliveredMs }
}

/** Waits until each line is in one of the outputs; fails when that does not happen. */
async function allOf(
  running: Running,
  directories: readonly string[],
  count: number,
): Promise<Verdict> {
  const lines = { count, bytes: BYTES }
  const deadlineMs = performance.now() + 1000 * SECONDS_MAX
  for (;;) {
    const enough = directories.reduce((bytes, each) => bytes + bytesIn(each), 0) >= count * BYTES
    const verdict = enough ? verify(directories, lines) : undefined
    if (verdict?.sameHash === true) return verdict
    if (performance.now() > deadlineMs) {
      const found = JSON.stringify(verdict ?? verify(directories, lines))
      throw new Error(
        `fail-over: the output is wrong: ${found} of ${count}\n${running.log.slice(-2000)}`,
      )
    }
    await pause(250)
  }
}

async function ours(work: WorkFolder, input: string): Promise<Agents> {
  const ports = await freePorts(2)
  const hub = (i: number): Start<OurHub> => {
    const folder = work.fresh('run', `hub-${i}`)
    const out = work.fresh('run', `out-${i}`)
    const port = ports[i]!
    const parts = { source: avroIntake(port), channel: { file: {} }, sink: fileSink(out) }
    return { port, out, run: () => new OurHub(parts, { folder }) }
  }
  const edge = work.fresh('run', 'edge')
  return {
    hubs: [hub(0), hub(1)],
    edge: () =>
      new Ours(
        {
          sources: [{ name: 'in', tail: { files: [join(input, '*.log')] } }],
          channels: [{ name: 'disk', file: {} }],
          sinks: ports.map((port, i) => Object.assign({ name: `hub-${i}` }, avroHop(port))),
          sinkGroups: [
            {
              name: 'hubs',
              sinks: ['hub-0', 'hub-1'],
              failover: {
                priorities: [
                  { sink: 'hub-0', priority: 10 },
                  { sink: 'hub-1', priority: 5 },
                ],
              },
            },
          ],
        },
        { folder: edge },
      ),
  }
}

async function flume(work: WorkFolder, input: string): Promise<Agents> {
  const ports = await freePorts(2)
  const capacity = 2_000_000
  const hub = async (i: number): Promise<Start<FlumeHub>> => {
    const folder = work.fresh('run', `hub-${i}`)
    const out = work.fresh('run', `out-${i}`)
    const port = ports[i]!
    const httpPort = await freePort()
    const parts = {
      source: avroSource(port),
      channel: fileChannel(folder, capacity),
      sink: fileRoll(out),
    }
    return { port, out, run: () => new FlumeHub(parts, { folder, httpPort }) }
  }
  const edge = work.fresh('run', 'edge')
  return {
    hubs: [await hub(0), await hub(1)],
    edge: () =>
      new Flume(
        {
          sources: { in: { channels: 'c', ...taildir(edge, input, '.*') } },
          channels: { c: fileChannel(edge, capacity) },
          sinks: Object.fromEntries(
            ports.map((port, i) => [`s${i}`, { channel: 'c', ...avroSink(port) }]),
          ),
          sinkgroups: {
            g: {
              sinks: 's0 s1',
              'processor.type': 'failover',
              'processor.priority.s0': 10,
              'processor.priority.s1': 5,
            },
          },
        },
        { folder: edge },
      ),
  }
}
