import { bodyAt, select } from '../../agent/core/batch.ts'
import type { Batch } from '../../agent/core/batch.ts'
import type { Interceptor } from '../../agent/core/interceptor.ts'

/**
 * What the interceptor of a run gives up on, by the event alone: the same at each reading. Of the children
 * of a split one at most: dead letters of one offset travel in one record, and these are small.
 */
export function isRefused(key: string): boolean {
  const { index, child } = placeOf(key)
  return index % 11 === 2 ? child === 0 : index % 15 === 4 && child === 1
}

/** What the first channel's sinks give up on. */
export function isUnwritable(key: string): boolean {
  return placeOf(key).index % 41 === 5
}

export function createInterceptor(): Interceptor {
  return (batch) => {
    const letters = { batch: where(batch, isRefused), reason: 'refused', kind: 'invalid' as const }
    return { batch: where(batch, (key) => !isRefused(key)), deadLetters: [letters] }
  }
}

function where(batch: Batch, holds: (key: string) => boolean): Batch {
  const indices = keysIn(batch).flatMap((key, i) => (holds(key) ? [i] : []))
  return select(batch, Uint32Array.from(indices))
}

/** Bodies are keys. */
export function keysIn(batch: Batch): string[] {
  return Array.from({ length: batch.count }, (_, i) => bodyAt(batch, i).toString())
}

/** `s0.12.0`: stream, index, child. */
function placeOf(key: string): { readonly index: number; readonly child: number } {
  const [, index, child] = key.split('.')
  return { index: Number(index), child: Number(child) }
}
