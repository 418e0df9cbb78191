import { isReplayable } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import type { ChannelLimits } from '../core/channel.ts'
import { FlumeError } from '../core/errors.ts'
import type { Interceptor } from '../core/interceptor.ts'
import type { Part, Selector } from '../core/selector.ts'
import { cut, withoutEvents } from './cut.ts'
import { streamInChannel } from './positions.ts'

export interface RouterOptions {
  readonly source: string
  /** Of its plan; '' when not deterministic. */
  readonly routingHash: string
  readonly interceptors: readonly Interceptor[]
  readonly selector: Selector
  /** Channels that carry the positions of the source. */
  readonly requiredChannels: readonly string[]
  /** The tightest of all channels it feeds. */
  readonly limits: ChannelLimits
}

/** What becomes of an emitted batch: units that are reserved and appended one after the other. */
export interface Routed {
  readonly units: readonly Unit[]
  /** Left out by interceptors. */
  readonly filteredEvents: number
  /** Named by no part of the selector. */
  readonly unroutedEvents: number
  /** Alone above the limits. */
  readonly refusedEvents: number
}

/** Appends that get in together: room is reserved for all of them before the first is made. */
export interface Unit {
  readonly parts: readonly Part[]
  /** Parts for channels that may fail. */
  readonly optional: readonly Part[]
  /** The position alone, for each required channel that gets no event of it. */
  readonly positions: readonly Part[]
  /** Stream and beginning of a batch that its source reads again by itself. */
  readonly stream: string | undefined
  readonly from: number
}

/** Folds a batch through the interceptors, cuts it to the channels' limits and selects channels. */
export function route(batch: Batch, routing: string, options: RouterOptions): Routed {
  let changed = batch
  for (const intercept of options.interceptors) {
    const result = intercept(changed)
    changed = 'deadLetters' in result ? result.batch : result
  }
  const { batches, refusedEvents } = cut(changed, options.limits)
  const units: Unit[] = []
  let unroutedEvents = 0
  for (const piece of batches) {
    const parts = piece.count === 0 ? [] : options.selector(piece).filter(hasEvents)
    units.push(unitOf(piece, parts, { routing, options }))
    // Exact where no event goes to several channels, else a lower bound: parts have no event numbers.
    unroutedEvents += Math.max(0, piece.count - eventsOf(parts))
  }
  const filteredEvents = Math.max(0, batch.count - changed.count)
  return { units, filteredEvents, unroutedEvents, refusedEvents }
}

function unitOf(
  piece: Batch,
  parts: readonly Part[],
  { routing, options }: { readonly routing: string; readonly options: RouterOptions },
): Unit {
  const required = parts.filter((part) => part.required)
  for (const { channel } of required) assertRequired(channel, options)
  // One order for all sources of a flow: two that wait for each other's room would wait for ever.
  if (required.length > 1) required.sort((a, b) => (a.channel < b.channel ? -1 : 1))
  const optional = parts.filter((part) => !part.required).map(withoutOrigin)
  const { origin } = piece
  if (origin === undefined)
    return { parts: required, optional, positions: [], stream: undefined, from: 0 }
  const stream = streamInChannel(options.source, origin.stream)
  // A sender's ranges are of its own making: they know no generations, see positions.ts.
  const routedBy = isReplayable(origin) ? routing : options.routingHash
  const routed = (part: Part): Part => ({
    ...part,
    batch: { ...part.batch, origin: { ...part.batch.origin!, stream, routing: routedBy } },
  })
  if (!isReplayable(origin))
    return { parts: required.map(routed), optional, positions: [], stream: undefined, from: 0 }
  const positions = options.requiredChannels
    .filter((channel) => !required.some((part) => part.channel === channel))
    .map((channel) => routed({ channel, required: true, batch: withoutEvents(piece) }))
  return { parts: required.map(routed), optional, positions, stream, from: origin.from }
}

/** Optional channels carry no positions: what they missed must not hold a source back. */
function withoutOrigin({ channel, required, batch }: Part): Part {
  return { channel, required, batch: { ...batch, origin: undefined } }
}

function hasEvents(part: Part): boolean {
  return part.batch.count > 0
}

function eventsOf(parts: readonly Part[]): number {
  let events = 0
  for (const part of parts) events += part.batch.count
  return events
}

/** Else the position of an event could pass it in the other channels. */
function assertRequired(channel: string, { source, requiredChannels }: RouterOptions): void {
  if (requiredChannels.includes(channel)) return
  throw new FlumeError(
    'FLM9001',
    `the selector of source ${source} names channel ${channel} as required, which is not one of ${requiredChannels.join(', ')}; please report this`,
    { retryable: false },
  )
}
