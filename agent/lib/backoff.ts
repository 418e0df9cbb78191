/**
 * Delay before attempt `failures` + 1: doubles from `minMs` to `maxMs`, less a random part of up to
 * a quarter so that many waiters do not come back at once. `failures` counts from 1.
 */
export function backoffMs(
  failures: number,
  bounds: { readonly minMs: number; readonly maxMs: number },
  random: { number(): number },
): number {
  // The exponent is bounded: 2 ** 1100 would be Infinity, and a shift would overflow as Flume's does.
  const full = Math.min(bounds.maxMs, bounds.minMs * 2 ** Math.min(failures - 1, 30))
  return full * (1 - random.number() / 4)
}
