import type { Batch } from '../../core/batch.ts'
import type { Lease } from '../../core/channel.ts'
import { FlumeError } from '../../core/errors.ts'
import { batchOfRun, bytesOf } from './ready.ts'
import type { Run } from './ready.ts'

export interface LeaseEnds {
  readonly ack: (state: Buffer | undefined) => Promise<void>
  readonly split: (events: number) => readonly [Lease, Lease]
  readonly release: () => void
}

export class MemoryLease implements Lease {
  readonly batches: readonly Batch[]
  readonly events: number
  readonly bytes: number
  readonly runs: readonly Run[]
  readonly #ends: LeaseEnds
  #ended = false

  /** `floor`: the lowest sequence that is not delivered. */
  constructor(runs: readonly Run[], floor: number, ends: LeaseEnds) {
    this.runs = runs
    this.#ends = ends
    this.batches = runs.map((run) => {
      const batch = batchOfRun(run)
      return { ...batch, ids: { ...batch.ids!, floor } }
    })
    this.events = runs.reduce((sum, run) => sum + run.to - run.from, 0)
    this.bytes = runs.reduce((sum, run) => sum + bytesOf(run), 0)
  }

  ack(state?: Buffer): Promise<void> {
    const acknowledged = this.#ends.ack(state)
    // It need not be awaited: what is not durable is delivered again after a crash.
    acknowledged.catch(() => {})
    return acknowledged
  }

  split(events: number): readonly [Lease, Lease] {
    return this.#ends.split(events)
  }

  release(): void {
    this.#ends.release()
  }

  /** A lease that ends twice would free its room twice. */
  end(): void {
    if (this.#ended) {
      const message = 'a lease of a memory channel was ended twice'
      throw new FlumeError('FLM9001', message, { retryable: false })
    }
    this.#ended = true
  }
}
