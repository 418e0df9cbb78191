/** Two significant digits: 1234 → 1200. */
export function roundSignificant(value: number): number {
  if (value < 100) return Math.round(value)
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1)
  return Math.round(value / unit) * unit
}
