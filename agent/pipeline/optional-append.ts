import type { Batch } from '../core/batch.ts'
import { FlumeError, toFlumeError } from '../core/errors.ts'
import { sizeOf } from './cut.ts'
import type { IntakeChannel } from './intake-channel.ts'

/**
 * Appends to an optional channel if it has room within a turn of the event loop. Never waits for
 * more, never retries: the sources go at the pace of the required channels alone.
 */
export async function offer(
  { channel, append }: IntakeChannel,
  batch: Batch,
  onFailed: (error: FlumeError) => void,
): Promise<void> {
  const waiting = new AbortController()
  const end = setImmediate(() => waiting.abort(noRoom(batch.count)))
  try {
    const reservation = await channel.reserve(sizeOf(batch), waiting.signal)
    await append(batch, reservation).accepted
  } catch (thrown) {
    onFailed(toFlumeError(thrown))
  } finally {
    clearImmediate(end)
  }
}

function noRoom(events: number): FlumeError {
  return new FlumeError(
    'FLM5103',
    `the optional channel has no room for ${events} events, which were dropped for it; make it required or larger to keep them`,
    { retryable: true, facts: { events } },
  )
}
