import type { Batch, Position } from './batch.ts'
import type { ComponentContext } from './context.ts'
import type { FlumeError } from './errors.ts'
import type { Receipt } from './receipt.ts'

/**
 * A source brings events in. It is started once; after `context.fail` or `stop` it is thrown away
 * and a new one is made.
 */
export interface Source {
  /**
   * Whether clients come to it, who can go to another agent. Such a source is stopped while its channels
   * have no room for long, and started again when they have: it must not keep clients that it cannot serve.
   */
  readonly hasClients?: boolean
  /** Resolves when the source runs (listeners listen); rejects when it cannot. */
  start(context: SourceContext): Promise<void>
  /** Stops the intake and resolves when no further `emit` will come. Safe without `start`, and twice. */
  stop(): Promise<void>
  /** Facts for /status, such as files and their lag. Cheap. */
  status?(): Readonly<Record<string, unknown>>
}

export interface SourceContext extends ComponentContext {
  /**
   * Hands a batch to the interceptors, the selector and the channels. Batches of one stream are
   * emitted in order. Pull sources keep a bounded number of receipts open and so feel back-pressure.
   * A rejected receipt means the flow is stopping or the batch can never be taken (not retryable):
   * retryable failures are retried inside.
   *
   * While the batch waits for room, the abort of `signal` takes it back: the receipt rejects with a
   * retryable FLM5105, and no channel has it. Once a channel has a part of it, it goes in whole. For
   * sources that have to answer a client while the channels are full.
   */
  emit(batch: Batch, signal?: AbortSignal): Receipt

  /**
   * The largest event the channels of the source take, in bytes of its body. A source that can cut
   * events keeps below it; a larger one is refused.
   */
  readonly eventBytesMax: number

  /**
   * Where to resume each stream: the lowest position over the channels that need it. Read once, at
   * start.
   */
  positions(): ReadonlyMap<string, Position>

  /** Reports that the source cannot go on; it will be stopped and started anew with back-off. */
  fail(error: FlumeError): void

  /** Counts events the source dropped on purpose, such as lines above the maximum length. */
  dropped(events: number, reason: string): void
}
