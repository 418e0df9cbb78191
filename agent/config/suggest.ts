/** Names listed in a message; more are cut off. */
const LISTED_MAX = 16
/** Longer names are not compared: the distance takes time in the square of the length. */
const COMPARED_LENGTH_MAX = 64

/**
 * The candidate that `name` most likely meant, or undefined when none is near. Case and separators
 * do not count (`regex_filter` means `regexFilter`); else a third of the letters may differ.
 */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const wanted = plain(name)
  if (wanted.length > COMPARED_LENGTH_MAX) return undefined
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(wanted, plain(candidate).slice(0, COMPARED_LENGTH_MAX))
    if (distance < bestDistance && distance < Math.max(wanted.length, candidate.length)) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** ` Did you mean "file"?`, else ` Known KIND: a, b, c.`, else nothing. For the end of a message. */
export function cure(name: string, candidates: readonly string[], kind: string): string {
  const near = nearest(name, candidates)
  if (near !== undefined) return ` Did you mean ${JSON.stringify(near)}?`
  if (candidates.length === 0) return ''
  return ` Known ${kind}: ${listed(candidates)}.`
}

/** `a, b, c` and how many more. */
export function listed(names: readonly string[]): string {
  const more = names.length - LISTED_MAX
  const shown = names.slice(0, LISTED_MAX).join(', ')
  return more > 0 ? `${shown} and ${more} more` : shown
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_. ]/g, '')
}

/** Letters to insert, delete, replace or swap with their neighbour to make `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let distance = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        distance = Math.min(distance, beforeLast[j - 2]! + 1)
      row.push(distance)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
