import { slice } from './batch.ts'
import type { Batch } from './batch.ts'

/** The first `events` events of several batches, and the others. */
export function splitBatches(
  batches: readonly Batch[],
  events: number,
): readonly [readonly Batch[], readonly Batch[]] {
  const first: Batch[] = []
  const rest: Batch[] = []
  let left = events
  for (const batch of batches) {
    const taken = Math.min(left, batch.count)
    if (taken > 0) first.push(slice(batch, 0, taken))
    if (taken < batch.count) rest.push(slice(batch, taken, batch.count))
    left -= taken
  }
  return [first, rest]
}
