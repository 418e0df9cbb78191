import type { Batch } from '../../core/batch.ts'
import { toFlumeError } from '../../core/errors.ts'
import type { SourceContext } from '../../core/source.ts'
import { OUR_BUG, TAKEN, answerFor } from './answer.ts'
import type { Answer } from './answer.ts'
import type { HttpSourceConfig } from './config.ts'

/** What ends the wait of a request. */
export interface Signals {
  /** Its client went away. */
  readonly gone: AbortSignal
  /** The source is to stop: what waits for room is taken back, what has not arrived is not waited for. */
  readonly stopping: AbortSignal
}

export interface DeliveryOptions {
  readonly config: Pick<HttpSourceConfig, 'acknowledge' | 'roomTimeout'>
  readonly signals: Signals
  /** Called once, when the channels hold the batch or did not take it. */
  readonly onAccepted: () => void
}

/**
 * Emits a batch and resolves to the answer when the receipt has come as far as `acknowledge` asks.
 * While the batch waits for room it is taken back after `roomTimeout`, when the client goes or the
 * source is to stop.
 */
export async function deliver(
  batch: Batch,
  context: Pick<SourceContext, 'emit' | 'clock' | 'log'>,
  { config, signals, onAccepted }: DeliveryOptions,
): Promise<Answer> {
  const room = new AbortController()
  const takeBack = (): void => room.abort()
  const timer = context.clock.schedule(takeBack, config.roomTimeout)
  const reasons = [signals.gone, signals.stopping]
  for (const reason of reasons) reason.addEventListener('abort', takeBack)
  if (reasons.some((reason) => reason.aborted)) takeBack()
  try {
    const receipt = context.emit(batch, room.signal)
    await receipt.accepted.finally(onAccepted)
    timer.clear()
    if (config.acknowledge === 'OnSafe') await receipt.safe
    return TAKEN
  } catch (thrown) {
    const error = toFlumeError(thrown)
    const answer = answerFor(error)
    if (answer === OUR_BUG)
      context.log.error({ error, events: batch.count }, 'taking the events of a request failed')
    return answer
  } finally {
    timer.clear()
    for (const reason of reasons) reason.removeEventListener('abort', takeBack)
  }
}
