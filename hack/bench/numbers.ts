/** Figures of repeated runs, and how they are printed. */

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** The value at `share` (0 to 1) of the sorted values, between two of them by proportion. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

/** With three significant digits, in thousands or millions where that is shorter. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 1e6) return `${digits(value / 1e6)} M`
  if (size >= 10_000) return `${digits(value / 1e3)} k`
  return digits(value)
}

function digits(value: number): string {
  const size = Math.abs(value)
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0)
  if (size >= 10) return value.toFixed(1)
  return value.toFixed(size >= 1 ? 2 : 3)
}

/** The median, with the least and the greatest behind it when there are several. */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return '–'
  if (values.length === 1) return short(values[0]!)
  return `${short(median(values))} (${short(Math.min(...values))}–${short(Math.max(...values))})`
}
