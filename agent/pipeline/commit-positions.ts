import { NO_HEADERS } from '../core/batch.ts'
import type { Batch, Position } from '../core/batch.ts'
import type { Channel } from '../core/channel.ts'

/** A position of one stream, on its way into one channel. */
export interface PositionWrite {
  readonly channel: Channel
  readonly stream: string
  readonly position: Position
}

/**
 * Resolves when all positions are durable. Rejects with the first failure once none is on its way any
 * more, others may be in. What has no room yet when `signal` aborts is not written.
 */
export async function commitPositions(
  writes: readonly PositionWrite[],
  signal: AbortSignal,
): Promise<void> {
  const results = await Promise.allSettled(
    writes.map(async ({ channel, stream, position }) => {
      const reservation = await channel.reserve({ events: 0, bytes: 0 }, signal)
      await channel.append(positionBatch(stream, position), reservation).safe
    }),
  )
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

function positionBatch(stream: string, { offset, routing, memo }: Position): Batch {
  return {
    count: 0,
    bodies: Buffer.alloc(0),
    ends: new Uint32Array(0),
    gap: 0,
    headers: NO_HEADERS,
    origin: { stream, from: offset, to: offset, offsets: new Float64Array(0), memo, routing },
    ids: undefined,
    appendedAtMs: undefined,
  }
}
