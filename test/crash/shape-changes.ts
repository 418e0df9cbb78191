import type { SeededRandom } from '../sim/random.ts'
import { KEYS } from './keyed-input.ts'
import { CHANNELS, outputName, randomMapping, sinkNameOf } from './shape.ts'
import type { ChannelName, ChannelShape, Shape, SinkShape } from './shape.ts'

const SETTINGS = [
  '',
  'capacity: 8Mi, segmentSize: 1Mi',
  'capacity: 64Mi, segmentSize: 2Mi',
  'capacityEvents: 5000',
] as const

const DIRECTORIES = 3

type Change = (shape: Shape, random: SeededRandom) => Shape | undefined

/** Where the channel's events go must not depend on these. */
const SAME_ROUTING: readonly Change[] = [moveSink, moveSink, blockSink, resizeChannel, shareChannel]

const NEW_ROUTING: readonly Change[] = [
  removeWithSink,
  removeWithSink,
  removeWithoutSink,
  removeWithoutSink,
  addChannel,
  addChannel,
  addChannel,
  changeSelector,
  changeSelector,
  (shape, random) => ({ ...shape, shift: (shape.shift + random.between(1, KEYS - 1)) % KEYS }),
  (shape) => ({ ...shape, filter: !shape.filter }),
]

/** Another shape, one to three changes away. */
export function nextShape(shape: Shape, keepsRouting: boolean, random: SeededRandom): Shape {
  const changes = keepsRouting ? SAME_ROUTING : [...SAME_ROUTING, ...NEW_ROUTING]
  let next = shape
  for (let left = random.between(1, 3); left > 0;) {
    const changed = random.pick(changes)(next, random)
    if (changed === undefined) continue
    next = changed
    left--
  }
  return next
}

export function firstShape(keepsRouting: boolean, random: SeededRandom): Shape {
  const names = keepsRouting ? CHANNELS.slice(0, random.between(1, 3)) : [random.pick(CHANNELS)]
  const channels = names.map((name) => ({ name, settings: random.pick(SETTINGS) }))
  return {
    channels,
    sinks: names.map((name) => ownSink(name, 0)),
    mapping: random.chance(0.5) ? randomMapping(channels, random) : undefined,
    shift: 0,
    filter: random.chance(0.3),
  }
}

/** All channels are back, each with its own sink that nothing stops; the routing stays if it can. */
export function lastShape(shape: Shape, random: SeededRandom): Shape {
  const missing = missingIn(shape)
  const channels = [...shape.channels, ...missing.map((name) => ({ name, settings: '' }))]
  const sinks = CHANNELS.map((name) => ownSink(name, DIRECTORIES))
  const whole = { ...shape, channels, sinks }
  if (missing.length === 0 || shape.mapping === undefined) return whole
  return { ...whole, mapping: randomMapping(channels, random) }
}

/** As `lastShape`, without what was not there. */
export function unblocked(shape: Shape): Shape {
  return { ...shape, sinks: shape.channels.map(({ name }) => ownSink(name, DIRECTORIES)) }
}

function ownSink(channel: ChannelName, number: number): SinkShape {
  const name = sinkNameOf(channel)
  return { name, channel, directory: outputName(channel, name, { number }) }
}

function moveSink(shape: Shape, random: SeededRandom): Shape {
  const number = random.between(0, DIRECTORIES - 1)
  return withSink(shape, random, ({ channel, name }) => outputName(channel, name, { number }))
}

function blockSink(shape: Shape, random: SeededRandom): Shape {
  const number = random.between(1, 1_000_000)
  return withSink(shape, random, ({ channel, name }) =>
    outputName(channel, name, { number, blocked: true }),
  )
}

function withSink(
  shape: Shape,
  random: SeededRandom,
  directoryOf: (sink: SinkShape) => string,
): Shape {
  const chosen = random.pick(shape.sinks)
  const changed = (sink: SinkShape): SinkShape => ({ ...sink, directory: directoryOf(sink) })
  return { ...shape, sinks: shape.sinks.map((sink) => (sink === chosen ? changed(sink) : sink)) }
}

/** Other limits too, so that batches are cut elsewhere. */
function resizeChannel(shape: Shape, random: SeededRandom): Shape {
  const chosen = random.pick(shape.channels)
  const settings = random.pick(SETTINGS)
  const changed = (channel: ChannelShape): ChannelShape =>
    channel === chosen ? { ...channel, settings } : channel
  return { ...shape, channels: shape.channels.map(changed) }
}

/** A second sink for a channel, or none any more. */
function shareChannel(shape: Shape, random: SeededRandom): Shape {
  const name = 'second'
  const others = shape.sinks.filter((sink) => sink.name !== name)
  if (others.length < shape.sinks.length) return { ...shape, sinks: others }
  const channel = random.pick(shape.channels).name
  const directory = outputName(channel, name, { number: 0 })
  return { ...shape, sinks: [...shape.sinks, { name, channel, directory }] }
}

/** Two shapes in a row that leave a channel behind with events: nothing drains it, then it is gone. */
export function leaveBehind(shape: Shape, random: SeededRandom): readonly [Shape, Shape] {
  const several = shape.channels.length > 1 ? shape : addChannel(shape, random)!
  const chosen = random.pick(several.channels)
  const number = random.between(1, 1_000_000)
  const sinks = several.sinks.map((sink) =>
    sink.channel === chosen.name
      ? { ...sink, directory: outputName(sink.channel, sink.name, { number, blocked: true }) }
      : sink,
  )
  const blocked = { ...several, sinks }
  const remove = random.chance(0.5) ? removeWithSink : removeWithoutSink
  return [blocked, remove(blocked, random, chosen)!]
}

function removeWithSink(
  shape: Shape,
  random: SeededRandom,
  chosen = random.pick(shape.channels),
): Shape | undefined {
  if (shape.channels.length === 1) return undefined
  const sinks = shape.sinks.filter(({ channel }) => channel !== chosen.name)
  return withChannels({ ...shape, sinks }, except(shape, chosen), random)
}

/** Its sinks go on under their names and drain another channel. */
function removeWithoutSink(
  shape: Shape,
  random: SeededRandom,
  chosen = random.pick(shape.channels),
): Shape | undefined {
  if (shape.channels.length === 1) return undefined
  const channels = except(shape, chosen)
  const sinks = shape.sinks.map((sink) => {
    if (sink.channel !== chosen.name) return sink
    const channel = random.pick(channels).name
    return { ...sink, channel, directory: outputName(channel, sink.name, { number: 0 }) }
  })
  return withChannels({ ...shape, sinks }, channels, random)
}

function except(shape: Shape, channel: ChannelShape): readonly ChannelShape[] {
  return shape.channels.filter((each) => each !== channel)
}

function missingIn(shape: Shape): readonly ChannelName[] {
  return CHANNELS.filter((name) => shape.channels.every((each) => each.name !== name))
}

function addChannel(shape: Shape, random: SeededRandom): Shape | undefined {
  const missing = missingIn(shape)
  if (missing.length === 0) return undefined
  const name = random.pick(missing)
  const sinks = [...shape.sinks.filter((sink) => sink.name !== sinkNameOf(name)), ownSink(name, 0)]
  const channels = [...shape.channels, { name, settings: random.pick(SETTINGS) }]
  return withChannels({ ...shape, sinks }, channels, random)
}

function changeSelector(shape: Shape, random: SeededRandom): Shape {
  const replicates = shape.mapping !== undefined && random.chance(0.4)
  const mapping = replicates ? undefined : randomMapping(shape.channels, random)
  return { ...shape, mapping }
}

function withChannels(
  shape: Shape,
  channels: readonly ChannelShape[],
  random: SeededRandom,
): Shape {
  const mapping = shape.mapping && randomMapping(channels, random)
  return { ...shape, channels, mapping }
}
