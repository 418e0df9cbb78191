import type { Batch } from '../../agent/core/batch.ts'
import { NO_HEADERS } from '../../agent/core/batch.ts'
import { openChannel } from '../../agent/channels/file/channel.ts'
import { nodeDisk } from '../../agent/lib/disk.ts'
import { channelContext } from './channel-context.ts'
import { linesOf } from './lines.ts'
import type { Lines } from './lines.ts'

const BATCH_EVENTS = 2000
/** Appends that share syncs. */
const OPEN_MAX = 8

/** Puts lines into the file channel of `directory`, as an agent would that has nobody to deliver to. */
export async function fillChannel(
  directory: string,
  lines: Lines,
  capacity: number,
): Promise<void> {
  const config = { capacity, capacityEvents: undefined, segmentSize: undefined }
  const channel = await openChannel(config, channelContext(directory, nodeDisk))
  const { signal } = new AbortController()
  const open: Promise<void>[] = []
  for (let first = 0; first < lines.count; first += BATCH_EVENTS) {
    const batch = batchOf(first, Math.min(BATCH_EVENTS, lines.count - first), lines.bytes)
    const need = { events: batch.count, bytes: batch.bodies.length }
    const reservation = await channel.reserve(need, signal)
    open.push(channel.append(batch, reservation).safe)
    if (open.length >= OPEN_MAX) await open.shift()
  }
  await Promise.all(open)
  const { backlogEvents } = channel.stats()
  await channel.close()
  if (backlogEvents !== lines.count) {
    throw new Error(`the channel holds ${backlogEvents} events, not ${lines.count}`)
  }
}

function batchOf(first: number, count: number, bytes: number): Batch {
  return {
    count,
    bodies: linesOf(first, count, bytes),
    ends: Uint32Array.from({ length: count }, (_, i) => (i + 1) * bytes),
    gap: 1,
    headers: NO_HEADERS,
    origin: undefined,
    ids: undefined,
    appendedAtMs: undefined,
  }
}
