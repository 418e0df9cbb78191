import type { Batch } from '../core/batch.ts'
import type { Channel, Reservation } from '../core/channel.ts'
import type { Receipt } from '../core/receipt.ts'

/** A channel as sources see it: its appends are timed and watched. */
export interface IntakeChannel {
  readonly channel: Channel
  readonly append: (batch: Batch, reservation: Reservation) => Receipt
}
