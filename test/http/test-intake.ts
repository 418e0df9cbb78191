import { bodyAt, headersAt } from '../../agent/core/batch.ts'
import type { Batch } from '../../agent/core/batch.ts'
import { FlumeError } from '../../agent/core/errors.ts'
import { receipt } from '../../agent/core/receipt.ts'
import type { Receipt } from '../../agent/core/receipt.ts'

interface Emitted {
  readonly batch: Batch
  readonly accepted: PromiseWithResolvers<void>
  readonly safe: PromiseWithResolvers<void>
}

/** The pipeline as a source sees it: takes batches when the test says so. */
export class TestIntake {
  /** Batches that were emitted, also those that were taken back. */
  readonly emitted: Emitted[] = []
  /** Batches in the channels. */
  readonly taken: Batch[] = []
  /** Whether there is room at once, and what is taken is safe at once. */
  hasRoom = true
  isDurable = true
  /** What every batch is refused with. */
  refusal: FlumeError | undefined
  #watchers: (() => void)[] = []

  readonly emit = (batch: Batch, signal?: AbortSignal): Receipt => {
    const each = {
      batch,
      accepted: Promise.withResolvers<void>(),
      safe: Promise.withResolvers<void>(),
    }
    this.emitted.push(each)
    for (const watcher of this.#watchers.splice(0)) watcher()
    const result = receipt(each.accepted.promise, each.safe.promise)
    if (this.refusal !== undefined) this.#reject(each, this.refusal)
    else if (this.hasRoom) this.accept(this.emitted.length - 1)
    else if (signal?.aborted === true) this.#reject(each, noRoom())
    else signal?.addEventListener('abort', () => this.#reject(each, noRoom()))
    return result
  }

  /** Emission i gets into the channels. */
  accept(i: number): void {
    const { batch, accepted } = this.emitted[i]!
    this.taken.push(batch)
    accepted.resolve()
    if (this.isDurable) this.makeSafe(i)
  }

  makeSafe(i: number): void {
    this.emitted[i]!.safe.resolve()
  }

  /** Resolves when there are `count` emissions. */
  async emissions(count: number): Promise<void> {
    while (this.emitted.length < count)
      await new Promise<void>((resolve) => this.#watchers.push(resolve))
  }

  /** The events in the channels, as [headers, body]. */
  events(): [Record<string, string>, string][] {
    return this.taken.flatMap((batch) =>
      Array.from({ length: batch.count }, (_, i): [Record<string, string>, string] => [
        { ...headersAt(batch, i) },
        bodyAt(batch, i).toString(),
      ]),
    )
  }

  #reject({ accepted, safe }: Emitted, error: FlumeError): void {
    accepted.reject(error)
    safe.reject(error)
  }
}

function noRoom(): FlumeError {
  return new FlumeError('FLM5105', 'the batch waited for room in vain', { retryable: true })
}
