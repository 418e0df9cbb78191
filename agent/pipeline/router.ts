import { isReplayable } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import type { ChannelLimits } from '../core/channel.ts'
import { shortReason } from '../core/dead-letter.ts'
import { FlumeError } from '../core/errors.ts'
import type { Part, Selector } from '../core/selector.ts'
import { cut, withoutEvents } from './cut.ts'
import { cutTogether } from './cut-together.ts'
import { deadLetterBatch, inOneBatch } from './dead-letter-batch.ts'
import { intercepted } from './intercepted.ts'
import type { GivenUp, NamedInterceptor } from './intercepted.ts'
import { streamInChannel } from './positions.ts'

export interface RouterOptions {
  readonly source: string
  /** Of its plan; '' when not deterministic. */
  readonly routingHash: string
  readonly interceptors: readonly NamedInterceptor[]
  /** Where events go that an interceptor gives up on. Omitted: nowhere. */
  readonly deadLetters?: DeadLetterRoute | undefined
  readonly selector: Selector
  /** Channels that carry the positions of the source. */
  readonly requiredChannels: readonly string[]
  /** The tightest of all channels it feeds. */
  readonly limits: ChannelLimits
}

export interface DeadLetterRoute {
  /** One of the required channels: it carries the positions of the source too. undefined: none. */
  readonly channel: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Told of each routed batch that has some. */
  readonly onGivenUp: (givenUp: readonly GivenUp[]) => void
  /** Told of each batch that is refused for want of a channel. */
  readonly onRefused: (error: FlumeError) => void
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

/**
 * Folds a batch through the interceptors, cuts it to the channels' limits and selects channels. Throws
 * FLM5106 for events that an interceptor gives up on where there is no channel for them.
 */
export function route(batch: Batch, routing: string, options: RouterOptions): Routed {
  const { kept, givenUp } = intercepted(batch, options.interceptors)
  const { stretches, refusedEvents } = cutToLimits(kept, givenUp, options)
  const units: Unit[] = []
  let unroutedEvents = 0
  for (const { kept: piece, deadLetters } of stretches) {
    const parts = piece.count === 0 ? [] : options.selector(piece).filter(hasEvents)
    // Exact where no event goes to several channels, else a lower bound: parts have no event numbers.
    unroutedEvents += Math.max(0, piece.count - eventsOf(parts))
    const all = withDeadLetters(parts, deadLetters, options.deadLetters)
    units.push(unitOf(piece, all, { routing, options }))
  }
  const filteredEvents = Math.max(0, batch.count - kept.count - eventsOf(givenUp))
  if (givenUp.length > 0) options.deadLetters?.onGivenUp(givenUp)
  return { units, filteredEvents, unroutedEvents, refusedEvents }
}

interface Stretches {
  readonly stretches: readonly { readonly kept: Batch; readonly deadLetters?: Batch }[]
  readonly refusedEvents: number
}

function cutToLimits(kept: Batch, givenUp: readonly GivenUp[], options: RouterOptions): Stretches {
  const { limits, source, deadLetters } = options
  if (givenUp.length === 0) {
    const { batches, refusedEvents } = cut(kept, limits)
    return { stretches: batches.map((piece) => ({ kept: piece })), refusedEvents }
  }
  if (deadLetters?.channel === undefined) {
    const error = noDeadLetterChannel(givenUp[0]!, source)
    deadLetters?.onRefused(error)
    throw error
  }
  const letters = givenUp.map((each) => ({
    batch: each.batch,
    reason: each.reason,
    component: interceptorName(each.type, source),
    attempts: 1,
  }))
  return cutTogether(kept, deadLetterBatch(letters, deadLetters.now()), limits)
}

/** How headers and metrics name an interceptor. */
export function interceptorName(type: string, source: string): string {
  return `interceptor ${type} of source ${source}`
}

/** A channel gets one part of a stretch: a second one would be at a position that it already has. */
function withDeadLetters(
  parts: readonly Part[],
  deadLetters: Batch | undefined,
  to: DeadLetterRoute | undefined,
): readonly Part[] {
  const channel = to?.channel
  if (channel === undefined || deadLetters === undefined || deadLetters.count === 0) return parts
  const there = parts.find((part) => part.required && part.channel === channel)
  const others = parts.filter((part) => part !== there)
  const batch = there === undefined ? deadLetters : inOneBatch([there.batch, deadLetters])
  return [...others, { channel, required: true, batch }]
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

function eventsOf(parts: readonly { readonly batch: Batch }[]): number {
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

function noDeadLetterChannel({ type, reason, batch }: GivenUp, source: string): FlumeError {
  return new FlumeError(
    'FLM5106',
    `the interceptor ${type} of source ${source} gave up on ${batch.count} events, which have nowhere to go: ${shortReason(reason)}. Name a channel for them in spec.deadLetterChannel, or mend what the reason says`,
    { retryable: false, facts: { source, interceptor: type, events: batch.count } },
  )
}
