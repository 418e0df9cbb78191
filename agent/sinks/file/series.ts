import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'

const TAG_BYTES = 4
const NUMBER_DIGITS = 6

/**
 * What the names of all files of one start of a sink begin with: `<prefix><start millis>-<tag>-`.
 *
 * The random tag makes the series this sink's own, also when several sinks or agents share a
 * directory and start in the same millisecond: a repair truncates and removes files by their names.
 */
export function newSeries(prefix: string, clock: Clock, random: Random): string {
  return `${prefix}${clock.now()}-${random.bytes(TAG_BYTES).toString('hex')}-`
}

/** Name of a file; the number is padded so that names sort in the order of writing. */
export function fileName(series: string, number: number, suffix: string): string {
  return `${series}${String(number).padStart(NUMBER_DIGITS, '0')}${suffix}`
}

/** The number of a file of the series; undefined for any other name. */
export function numberOf(name: string, series: string, suffix: string): number | undefined {
  if (!name.startsWith(series) || !name.endsWith(suffix)) return undefined
  const digits = name.slice(series.length, name.length - suffix.length)
  if (!/^[0-9]+$/.test(digits)) return undefined
  const number = Number(digits)
  return fileName(series, number, suffix) === name ? number : undefined
}
