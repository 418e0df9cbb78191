import { openChannel } from '../../agent/channels/file/channel.ts'
import type { Channel } from '../../agent/core/channel.ts'
import { batchOf } from '../../agent/core/batch.ts'
import { nodeDisk } from '../../agent/lib/disk.ts'
import { channelContext } from './channel-context.ts'
import { pause } from './running.ts'
import { timedDisk } from './timed-disk.ts'
import type { TimedSync } from './timed-disk.ts'

/**
 * A program of its own, so that it has the thread pool of an agent: appends to a file channel at a
 * fixed rate and takes from it, and prints how long the appends took.
 *
 *   node hack/bench/append-latency.ts DIRECTORY EVENTS_PER_SECOND EVENTS_PER_APPEND SECONDS
 *
 * Prints JSON: `totalMs` from append to safe, and `lessSyncMs`, the same without the sync that made
 * the append safe. What is left is the channel's own: waiting for the group before it (its sync
 * included), encoding, CRC, the write, and the event loop.
 */
const EVENT_BYTES = 512
/** Not measured at the begin: code is compiled, files are made. */
const WARM_UP_MS = 2000

export interface AppendLatencies {
  readonly totalMs: readonly number[]
  readonly lessSyncMs: readonly number[]
  readonly syncMs: readonly number[]
}

async function main([directory, ...figures]: readonly string[]): Promise<void> {
  const [rate, perAppend, seconds] = figures.map(Number)
  const totalMs: number[] = []
  const lessSyncMs: number[] = []
  const syncMs: number[] = []
  let last: TimedSync | undefined
  const disk = timedDisk(nodeDisk, (sync) => {
    last = sync
  })
  const config = { capacity: 2 ** 30, capacityEvents: undefined, segmentSize: undefined }
  const channel = await openChannel(config, channelContext(directory!, disk))
  const ending = new AbortController()
  const taking = takeAll(channel, ending.signal)
  const beganAtMs = performance.now()
  const append = async (): Promise<void> => {
    const batch = batchOf(Array.from({ length: perAppend! }, () => ({ body: body() })))
    const atMs = performance.now()
    const need = { events: perAppend!, bytes: batch.bodies.length }
    const reservation = await channel.reserve(need, ending.signal)
    await channel.append(batch, reservation).safe
    const took = performance.now() - atMs
    if (atMs - beganAtMs < WARM_UP_MS) return
    const sync = last!.endedAtMs - last!.beganAtMs
    totalMs.push(took)
    lessSyncMs.push(Math.max(0, took - sync))
    syncMs.push(sync)
  }
  const open: Promise<void>[] = []
  const total = (rate! * seconds!) / perAppend!
  while (open.length < total) {
    // Timers tick by the millisecond: what is due by then comes one append after the other.
    const due = Math.min(total, ((performance.now() - beganAtMs) * rate!) / 1000 / perAppend!)
    while (open.length < due) open.push(append())
    await pause(1)
  }
  await Promise.all(open)
  ending.abort()
  await taking
  await channel.close()
  process.stdout.write(JSON.stringify({ totalMs, lessSyncMs, syncMs } satisfies AppendLatencies))
}

function body(): Buffer {
  return Buffer.alloc(EVENT_BYTES, 'x')
}

/** A sink that delivers at once: its acknowledgements travel in the groups of the appends. */
async function takeAll(channel: Channel, signal: AbortSignal): Promise<void> {
  for (;;) {
    const lease = await channel.take({ sink: 'out', eventsMax: 8192, bytesMax: 2 ** 20, signal })
    if (lease === undefined) return
    lease.ack().catch((error: unknown) => {
      throw error
    })
  }
}

await main(process.argv.slice(2))
