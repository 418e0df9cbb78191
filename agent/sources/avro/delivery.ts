import type { Batch } from '../../core/batch.ts'
import { slice } from '../../core/batch.ts'
import { FlumeError, toFlumeError } from '../../core/errors.ts'
import type { Receipt } from '../../core/receipt.ts'
import { allReceipts, receipt } from '../../core/receipt.ts'
import type { SourceContext } from '../../core/source.ts'
import type { Metadata } from '../../rpc/avro/metadata.ts'
import type { Status } from '../../rpc/avro/response.ts'
import type { Budget } from './budget.ts'
import type { AvroSourceConfig } from './config.ts'
import { RoomTimeouts } from './room-timeouts.ts'
import { SenderRangesInFlight } from './sender-ranges.ts'
import type { SequenceRange } from './sender-ranges.ts'
import type { Sender } from './sender.ts'
import { originOf, senderOf, withIds } from './sender.ts'

/** What a request costs beside its bytes, and a value of a header column that is made of it. */
const REQUEST_BYTES = 1024
const CELL_BYTES = 32

export interface DeliveryOptions {
  readonly config: Pick<AvroSourceConfig, 'acknowledge' | 'roomTimeout' | 'idHeader'>
  readonly context: Pick<SourceContext, 'emit' | 'clock' | 'log'>
  readonly budget: Budget
  /** The source is to stop: what waits for room is taken back. */
  readonly stopping: AbortSignal
}

/** Brings the events of requests into the channels and says what to answer. */
export class Delivery {
  readonly #options: DeliveryOptions
  readonly #ranges = new SenderRangesInFlight()
  readonly #timeouts: RoomTimeouts

  constructor(options: DeliveryOptions) {
    this.#options = options
    const { context, config, stopping } = options
    const { clock } = context
    this.#timeouts = new RoomTimeouts({ clock, timeoutMs: config.roomTimeout, stopping })
  }

  /**
   * OK when the events are as safe as `acknowledge` asks for; FAILED when they were not taken, because
   * there was no room in time or because they never can be. Rejects with FLM6103, nothing taken.
   */
  async deliver(batch: Batch, metadata: Metadata): Promise<Status> {
    const sender = senderOf(metadata, batch.count)
    if (batch.count === 0) return 'OK'
    const { config, context, budget } = this.#options
    const done = budget.begin(bytesOf(batch), sender?.ranges.length ?? 1)
    try {
      const { accepted, safe } =
        sender === undefined ? this.#emit(batch) : this.#emitRanges(batch, sender)
      await (config.acknowledge === 'OnSafe' ? safe : accepted)
      return 'OK'
    } catch (thrown) {
      const error = toFlumeError(thrown)
      // That there is no room, or that the flow stops, is known.
      if (error.code !== 'FLM5105' && error.code !== 'FLM5101')
        context.log.warn({ error, events: batch.count }, 'the events of a request were not taken')
      return 'FAILED'
    } finally {
      done()
    }
  }

  #emitRanges(batch: Batch, sender: Sender): Receipt {
    let at = 0
    const receipts = sender.ranges.map((range) => {
      const from = at
      at += range.last - range.first + 1
      const received = this.#received(slice(batch, from, at), sender, range)
      return this.#ranges.take(sender.stream, range, () => this.#emit(received))
    })
    return allReceipts(receipts)
  }

  #received(batch: Batch, sender: Sender, range: SequenceRange): Batch {
    const { idHeader } = this.#options.config
    const events = { ...batch, origin: originOf(sender, range) }
    if (idHeader === undefined) return events
    return withIds(events, idHeader, { stream: sender.stream, first: range.first })
  }

  /** Takes the batch back when it still waits for room after the time for that. */
  #emit(batch: Batch): Receipt {
    const { context, stopping } = this.#options
    if (!stopping.aborted) return context.emit(batch, this.#timeouts.signal())
    const refused = stopped()
    return receipt(refused, refused)
  }
}

async function stopped(): Promise<never> {
  const message = 'the source is stopping; send the events again'
  throw new FlumeError('FLM5101', message, { retryable: true })
}

/** What a batch holds while it is in flight. */
function bytesOf({ bodies, count, headers }: Batch): number {
  return bodies.length + REQUEST_BYTES + CELL_BYTES * count * headers.columns.size
}
