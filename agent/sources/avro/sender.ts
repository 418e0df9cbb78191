import type { Batch, EventIds, Origin } from '../../core/batch.ts'
import { FlumeError } from '../../core/errors.ts'
import type { Metadata } from '../../rpc/avro/metadata.ts'
import type { SequenceRange } from './sender-ranges.ts'

/**
 * What another agent says beside its events, in the metadata of the request:
 *
 *   flume.stream   name of its channel's stream, printable ASCII
 *   flume.ranges   "first-last,first-last": the sequences of the events, inclusive, ascending
 *   flume.floor    the lowest sequence it has not seen acknowledged
 *
 * A Flume sends none of it.
 */
export interface Sender {
  readonly stream: string
  readonly ranges: readonly SequenceRange[]
  readonly floor: number
}

const STREAM = 'flume.stream'
const RANGES = 'flume.ranges'
const FLOOR = 'flume.floor'

/** As Origin says. */
const STREAM_BYTES_MAX = 192
/** Of one request; each is emitted as a batch of its own. */
export const SENDER_RANGES_MAX = 64

/**
 * The sender of a request of `count` events, or undefined if it is not one of ours. Throws FLM6103 when
 * what it says is not wholly right: taking its events under a wrong name would let the channels drop
 * others.
 */
export function senderOf(metadata: Metadata, count: number): Sender | undefined {
  const values = [STREAM, RANGES, FLOOR].map((name) => metadata.get(name)?.toString('latin1'))
  const [stream, rangesText, floorText] = values
  if (stream === undefined && rangesText === undefined && floorText === undefined) return undefined
  if (stream === undefined || rangesText === undefined || floorText === undefined)
    throw wrong(`it has only some of ${STREAM}, ${RANGES} and ${FLOOR}`)
  if (stream.length > STREAM_BYTES_MAX || !/^[\x21-\x7e]+$/.test(stream))
    throw wrong(`${STREAM} is not a name of at most ${STREAM_BYTES_MAX} printable characters`)
  const ranges = rangesOf(rangesText)
  let events = 0
  for (const { first, last } of ranges) events += last - first + 1
  if (events !== count) throw wrong(`${RANGES} names ${events} events where there are ${count}`)
  const floor = numberOf(floorText, FLOOR)
  if (floor > ranges[0]!.first) throw wrong(`${FLOOR} is above the first of ${RANGES}`)
  return { stream, ranges, floor }
}

/** Where the events of one range came from. */
export function originOf({ stream, floor }: Sender, { first, last }: SequenceRange): Origin {
  const offsets = new Float64Array(last - first + 1)
  for (let i = 0; i < offsets.length; i++) offsets[i] = first + i + 1
  return { stream, from: first, to: last + 1, offsets, memo: '', routing: '', floor }
}

/** The events of one range with their ids in a header, where an earlier hop has not set it. */
export function withIds(batch: Batch, name: string, { stream, first }: EventIds): Batch {
  const { common, columns } = batch.headers
  if (common.has(name)) return batch
  const known = columns.get(name)
  const ids = Array.from({ length: batch.count }, (_, i) => known?.[i] ?? `${stream}-${first + i}`)
  return { ...batch, headers: { common, columns: new Map(columns).set(name, ids) } }
}

function rangesOf(text: string): SequenceRange[] {
  const parts = text.split(',', SENDER_RANGES_MAX + 1)
  if (parts.length > SENDER_RANGES_MAX)
    throw wrong(`${RANGES} has more than ${SENDER_RANGES_MAX} ranges`)
  let previous = -1
  return parts.map((part) => {
    const dash = part.indexOf('-')
    if (dash < 0) throw wrong(`${RANGES} is not a list of ranges`)
    const first = numberOf(part.slice(0, dash), RANGES)
    const last = numberOf(part.slice(dash + 1), RANGES)
    if (first <= previous || last < first) throw wrong(`${RANGES} does not ascend`)
    previous = last
    return { first, last }
  })
}

/** `to` is one more than the last: it has to be exact, too. */
function numberOf(text: string, name: string): number {
  const value = Number(text)
  if (/^[0-9]{1,16}$/.test(text) && value < Number.MAX_SAFE_INTEGER) return value
  throw wrong(`${name} has a number that is none`)
}

function wrong(what: string): FlumeError {
  return new FlumeError('FLM6103', `reading the metadata of a request: ${what}`, {
    retryable: false,
  })
}
