import { idOf } from './numbered-stream.ts'

/** How often each number of a stream came out. */
export interface Delivery {
  readonly delivered: number
  /** Numbers that did not come out. */
  readonly lost: readonly number[]
  /** Events beyond the first of each number. */
  readonly duplicates: number
  /** Lines that are no number of the stream. */
  readonly strangers: readonly string[]
}

/** Compares the lines of all outputs with the numbers 0 to `count` − 1. Pure. */
export function compareDelivery(lines: Iterable<string>, count: number): Delivery {
  const times = new Uint32Array(count)
  const strangers: string[] = []
  let delivered = 0
  for (const line of lines) {
    if (line === '') continue
    const id = idOf(line)
    if (id === undefined || id >= count) strangers.push(line.slice(0, 80))
    else {
      times[id]!++
      delivered++
    }
  }
  const lost: number[] = []
  for (let id = 0; id < count; id++) if (times[id] === 0) lost.push(id)
  return { delivered, lost, duplicates: delivered - (count - lost.length), strangers }
}
