import { AvroClient, framesOf } from './avro-client.ts'
import type { Frames } from './avro-client.ts'
import { requestFrame } from './avro-frames.ts'
import type { WireEvent } from './avro-frames.ts'
import { linesOf } from './lines.ts'
import type { Lines } from './lines.ts'
import { percentile } from './numbers.ts'
import { cpuSeconds } from './process-usage.ts'

/**
 * The load of the Avro benchmark, a process of its own: lines as events, encoded before the clock runs,
 * over several connections with several requests unanswered on each.
 *
 *   node avro-load.ts '{"port": …}'      prints a LoadResult
 */
export interface Load {
  readonly port: number
  /** Of the server: its CPU is taken when the clock starts and when it stops. */
  readonly pid: number
  readonly connections: number
  readonly unansweredMax: number
  readonly batchEvents: number
  /** Each event has a header that all share and one that none shares. */
  readonly headers: boolean
  readonly lines: Lines
  /** Share of the events that is sent and answered before the clock runs. */
  readonly warmUp: number
}

export interface LoadResult {
  /** Of the part with the clock. */
  readonly events: number
  readonly requests: number
  /** From the first request to the last answer. */
  readonly totalMs: number
  readonly answerP50Ms: number
  readonly answerP99Ms: number
  readonly serverCpuSeconds: number
  readonly clientCpuSeconds: number
}

/** Requests go round the connections; the frames of each connection, and how many events they hold. */
function encode(load: Load): { frames: Frames[]; perConnection: number } {
  const { connections, batchEvents, lines } = load
  const perConnection = lines.count / batchEvents / connections
  if (!Number.isInteger(perConnection)) throw new Error('the requests do not share out evenly')
  const frames = Array.from({ length: connections }, (_, connection) =>
    framesOf(
      Array.from({ length: perConnection }, (_request, i) => {
        const first = (i * connections + connection) * batchEvents
        return requestFrame(i + 1, eventsOf(first, load), {
          first: i === 0,
          single: batchEvents === 1,
        })
      }),
    ),
  )
  return { frames, perConnection }
}

function eventsOf(first: number, { batchEvents, headers, lines }: Load): WireEvent[] {
  const text = linesOf(first, batchEvents, lines.bytes)
  return Array.from({ length: batchEvents }, (_, i) => ({
    headers: headers
      ? [
          ['host', 'web-17.example.org'],
          ['timestamp', String(1_700_000_000_000 + first + i)],
        ]
      : [],
    body: text.subarray(i * lines.bytes, (i + 1) * lines.bytes - 1),
  }))
}

async function run(load: Load): Promise<LoadResult> {
  const { frames, perConnection } = encode(load)
  const clients = await Promise.all(frames.map((each) => AvroClient.open(load.port, each)))
  const send = (count: number): Promise<unknown> =>
    Promise.all(clients.map((client) => client.send(count, load.unansweredMax)))
  const warm = Math.round(perConnection * load.warmUp)
  await send(warm)
  for (const client of clients) client.answerMs.length = 0
  const before = {
    server: cpuSeconds(load.pid),
    client: process.cpuUsage(),
    atMs: performance.now(),
  }
  await send(perConnection - warm)
  const totalMs = performance.now() - before.atMs
  const used = process.cpuUsage(before.client)
  const serverCpuSeconds = cpuSeconds(load.pid) - before.server
  for (const client of clients) client.close()
  const answerMs = clients.flatMap((client) => client.answerMs)
  const requests = (perConnection - warm) * load.connections
  return {
    events: requests * load.batchEvents,
    requests,
    totalMs,
    answerP50Ms: percentile(answerMs, 0.5),
    answerP99Ms: percentile(answerMs, 0.99),
    serverCpuSeconds,
    clientCpuSeconds: (used.user + used.system) / 1e6,
  }
}

if (import.meta.main) console.log(JSON.stringify(await run(JSON.parse(process.argv[2]!) as Load)))
