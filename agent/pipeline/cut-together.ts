import { slice } from '../core/batch.ts'
import type { Batch, Origin } from '../core/batch.ts'
import type { ChannelLimits } from '../core/channel.ts'
import { cut, withoutEvents } from './cut.ts'
import { LETTER_HEADER_BYTES } from './dead-letter-batch.ts'

/** A stretch of what was read: what goes on of it, and what the interceptors gave up on. */
export interface Stretch {
  readonly kept: Batch
  /** May be without events. */
  readonly deadLetters: Batch
}

export interface CutTogether {
  readonly stretches: readonly Stretch[]
  /** Events that no channel could take: alone above the limit. They are in none of the stretches. */
  readonly refusedEvents: number
}

/**
 * Cuts both to the limits at the same offsets. Cut each at its own, the position of one stretch in the
 * dead-letter channel would pass letters of it that are still to come, and the channel would take them
 * for repeats.
 */
export function cutTogether(kept: Batch, deadLetters: Batch, limits: ChannelLimits): CutTogether {
  const lettersMax = Math.max(1, Math.floor(limits.batchBytesMax / LETTER_HEADER_BYTES))
  const batchEventsMax = Math.min(limits.batchEventsMax, lettersMax)
  const cuts = [cut(kept, limits), cut(deadLetters, { ...limits, batchEventsMax })] as const
  const [ours, theirs] = [cuts[0].batches, cuts[1].batches]
  const refusedEvents = cuts[0].refusedEvents + cuts[1].refusedEvents
  if (kept.origin !== undefined)
    return { stretches: alongOffsets(ours, theirs, kept.origin), refusedEvents }
  // Without offsets nothing says which belong together.
  const length = Math.max(ours.length, theirs.length)
  const stretches = Array.from({ length }, (_, i) => ({
    kept: ours[i] ?? withoutEvents(kept),
    deadLetters: theirs[i] ?? withoutEvents(deadLetters),
  }))
  return { stretches, refusedEvents }
}

function alongOffsets(ours: readonly Batch[], theirs: readonly Batch[], origin: Origin): Stretch[] {
  const tos = [...ours, ...theirs].map((piece) => piece.origin!.to)
  const ends = [...new Set(tos)].sort((a, b) => a - b)
  let from = -Infinity
  return ends.map((to) => {
    const stretch = { kept: within(ours, from, to), deadLetters: within(theirs, from, to) }
    from = to
    return stretch
  })

  /** The events with an offset in (after, to]. Of those only one piece has any: pieces end at ends. */
  function within(pieces: readonly Batch[], after: number, to: number): Batch {
    const piece = pieces.find((each) => each.origin!.to >= to) ?? pieces.at(-1)!
    const { offsets } = piece.origin!
    const first = indexAbove(offsets, after)
    const last = indexAbove(offsets, to)
    const part = first < last ? slice(piece, first, last) : withoutEvents(piece)
    return { ...part, origin: { ...part.origin!, from: Math.max(after, origin.from), to } }
  }
}

/** The number of offsets up to `offset`. */
function indexAbove(offsets: Float64Array, offset: number): number {
  let low = 0
  let high = offsets.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (offsets[middle]! <= offset) low = middle + 1
    else high = middle
  }
  return low
}
