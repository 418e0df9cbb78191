import type { Batch } from './batch.ts'

/**
 * Decides which channels a batch goes to. Pure. Events that no part names are dropped on purpose
 * (Flume's meaning of a multiplexing selector without default); the pipeline counts them.
 */
export type Selector = (batch: Batch) => readonly Part[]

/** The events of a batch that go to one channel. */
export interface Part {
  readonly channel: string
  /** Failures of an optional channel are counted and otherwise ignored. */
  readonly required: boolean
  readonly batch: Batch
}
