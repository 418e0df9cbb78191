/** Numbers for people. All pure; counts are grouped by thousands as in English. */

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** `512 B`, `1.5 KiB`, `64 MiB` */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < SIZE_UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : trimmed(value)} ${SIZE_UNITS[unit]}`
}

/** `0 s`, `350 ms`, `2.3 s`, `3 m 12 s`, `5 h 2 m`, `3 d 4 h` */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0 s'
  if (ms < 1000) return `${Math.max(1, Math.round(ms))} ms`
  const seconds = ms / 1000
  if (seconds < 60) return `${trimmed(Math.min(seconds, 59.9))} s`
  if (seconds < 3600) return pair(seconds, 60, ['m', 's'])
  if (seconds < 86_400) return pair(seconds / 60, 60, ['h', 'm'])
  return pair(seconds / 3600, 24, ['d', 'h'])
}

/** `12,345` */
export function formatNumber(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** `1 event`, `12,345 events` */
export function formatCountOf(value: number, noun: string): string {
  return `${formatNumber(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** `5,012/s`, `0.5/s` */
export function formatRate(perSecond: number): string {
  return `${perSecond > 0 && perSecond < 10 ? trimmed(perSecond) : formatNumber(perSecond)}/s`
}

function pair(value: number, of: number, [large, small]: readonly [string, string]): string {
  const whole = Math.floor(value)
  const rest = whole % of
  const first = `${Math.floor(whole / of)} ${large}`
  return rest === 0 ? first : `${first} ${rest} ${small}`
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '')
}
