import type { SeededRandom } from '../sim/random.ts'
import { isDropped } from './input.ts'
import { KEYS, keyOf } from './keyed-input.ts'

/** A configuration as one of many that follow each other: what routes where, and who drains what. */

export const CHANNELS = ['a', 'b', 'c'] as const
export type ChannelName = (typeof CHANNELS)[number]

export interface ChannelShape {
  readonly name: ChannelName
  /** Settings as YAML within braces. */
  readonly settings: string
}

export interface SinkShape {
  readonly name: string
  readonly channel: ChannelName
  /** Name of its directory; see `outputName`. */
  readonly directory: string
}

export interface Shape {
  readonly channels: readonly ChannelShape[]
  readonly sinks: readonly SinkShape[]
  /** undefined: replicating. Else the channels of each value of the header, which is a key. */
  readonly mapping: readonly (readonly ChannelName[])[] | undefined
  /** Files of key k get the header value k + shift, modulo their number. */
  readonly shift: number
  /** Whether an interceptor drops the lines of `isDropped`. */
  readonly filter: boolean
}

export const FLOW = 'reload'

/** Where a line goes under a shape; [] when it is dropped on purpose. */
export function routeOf(shape: Shape, id: number): readonly ChannelName[] {
  if (shape.filter && isDropped(id)) return []
  if (shape.mapping === undefined) return shape.channels.map(({ name }) => name)
  return shape.mapping[valueOf(shape, keyOf(id))]!
}

/** Whether all lines go the same way under both. */
export function routesAlike(one: Shape, other: Shape): boolean {
  const facts = ({ channels, mapping, shift, filter }: Shape): string =>
    JSON.stringify([channels.map(({ name }) => name), mapping, shift, filter])
  return facts(one) === facts(other)
}

/**
 * Output directories tell which channel and which sink wrote them. With the flag they are in the way
 * of the sink: a file has the name until the run takes it away.
 */
export function outputName(
  channel: ChannelName,
  sink: string,
  at: { readonly number: number; readonly blocked?: boolean },
): string {
  return `${channel}.${sink}.${at.blocked === true ? 'blocked-' : ''}${at.number}`
}

export function isBlocked(directory: string): boolean {
  return directory.includes('.blocked-')
}

export function writerOf(directory: string): {
  readonly channel: ChannelName
  readonly sink: string
} {
  const [channel, sink] = directory.split('.')
  return { channel: channel as ChannelName, sink: sink! }
}

/** The sink of a channel where nothing else is said. */
export function sinkNameOf(channel: ChannelName): string {
  return `out-${channel}`
}

export interface ShapePaths {
  readonly input: (key: number) => string
  readonly output: (name: string) => string
}

export function manifestOf(shape: Shape, paths: ShapePaths): string {
  const groups = Array.from({ length: KEYS }, (_, key) => {
    const value = `k${valueOf(shape, key)}`
    return `          - { name: g${key}, files: ['${paths.input(key)}/app.log*'], headers: { key: ${value} } }`
  })
  return `apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: ${FLOW} }
spec:
  agentRef: { name: crash }
  sources:
    - name: in
      tail:
        scanInterval: 100ms
        pollInterval: 20ms
        groups:
${groups.join('\n')}
      interceptors:
        - static: { key: tier, value: gold }
${shape.filter ? "        - regexFilter: { regex: '^[0-9]{8} DEBUG ', exclude: true }\n" : ''}${selectorOf(shape)}
  channels:
${shape.channels.map(({ name, settings }) => `    - { name: ${name}, file: { ${settings} } }`).join('\n')}
  sinks:
${shape.sinks.map(sinkOf).join('\n')}
---
apiVersion: flume-operator.io/v1alpha1
kind: FlumeAgent
metadata: { name: crash }
spec: {}
`

  function sinkOf({ name, channel, directory }: SinkShape): string {
    return `    - { name: ${name}, channel: ${channel}, file: { directory: '${paths.output(directory)}', rollSize: 512Ki } }`
  }
}

/** The last value is mapped nowhere and goes to the default. */
function selectorOf({ mapping }: Shape): string {
  if (mapping === undefined) return ''
  const mappings = mapping
    .slice(0, -1)
    .map((channels, value) => `{ value: k${value}, channels: [${channels.join(', ')}] }`)
  const fallback = mapping.at(-1)!.join(', ')
  return `      selector: { multiplexing: { header: key, mappings: [${mappings.join(', ')}], default: [${fallback}] } }`
}

function valueOf(shape: Shape, key: number): number {
  return (key + shape.shift) % KEYS
}

/** Each value of the header goes to one or two of the channels, and each channel gets some. */
export function randomMapping(
  channels: readonly ChannelShape[],
  random: SeededRandom,
): readonly (readonly ChannelName[])[] {
  const names = channels.map(({ name }) => name)
  const mapping = Array.from({ length: KEYS }, () => new Set<ChannelName>())
  for (const name of names) random.pick(mapping).add(name)
  for (const each of mapping) if (each.size === 0) each.add(random.pick(names))
  return mapping.map((each) => Array.from(each))
}
