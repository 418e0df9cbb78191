import { dump } from 'js-yaml'
import { catalog } from '../catalog.ts'
import type { CatalogKind } from '../catalog.ts'
import { INTERCEPTORS, SELECTORS, SINKS, SINK_GROUPS } from './entries.ts'
import { API_VERSION } from './schema.ts'

/** Names of sinks in an example that says none. */
const SINK_NAMES = ['out']
const SOURCE = { seq: { totalEvents: 1000 } }
const SINK = { logger: {} }

/** The example of a component with what it needs around it: manifests that are valid as they are. */
export function exampleManifest(kind: CatalogKind, type: string): string {
  const component = { [type]: exampleOf(kind, type) }
  const source = {
    name: 'in',
    ...(kind === 'sources' ? component : SOURCE),
    ...(kind === 'interceptors' ? { interceptors: [component] } : {}),
    ...(kind === 'selectors' ? { selector: component } : {}),
  }
  const deadLetters = kind === 'interceptors' && deadLettersOf(type)
  const channels = channelsOf(kind, type, deadLetters)
  const spec = {
    sources: [source],
    ...(channels && {
      channels: channels.map((name) => ({
        name,
        ...(kind === 'channels' ? component : { file: {} }),
      })),
    }),
    sinks: sinksOf(kind, type, channels),
    ...(kind === 'sinkGroups'
      ? { sinkGroups: [{ name: 'group', sinks: membersOf(type), ...component }] }
      : {}),
    ...(deadLetters ? { deadLetterChannel: DEAD_LETTERS } : {}),
  }
  const flow = { apiVersion: API_VERSION, kind: 'FlumeFlow', metadata: { name: 'example' }, spec }
  const target = kind === 'sinks' ? targetFlow(type) : undefined
  return [flow, ...(target === undefined ? [] : [target])]
    .map((each) => dump(each, { lineWidth: 100, noRefs: true }))
    .join('---\n')
}

const DEAD_LETTERS = 'dead-letters'

function exampleOf(kind: CatalogKind, type: string): unknown {
  const entries: Readonly<Record<string, { readonly example: unknown }>> = catalog[kind]
  return entries[type]!.example
}

/** undefined: the one that a flow has by itself. */
function channelsOf(kind: CatalogKind, type: string, deadLetters: boolean): string[] | undefined {
  if (deadLetters) return ['default', DEAD_LETTERS]
  if (kind === 'channels') return ['buffer']
  if (kind !== 'selectors') return undefined
  const entry = SELECTORS[type]!
  const config = entry.schema.parse(entry.example)
  const names = [...new Set(entry.references(config).map((reference) => reference.channel))]
  // Where all events go to all channels, one of those must take them.
  return entry.header(config) === undefined ? ['default', ...names] : names
}

function sinksOf(kind: CatalogKind, type: string, channels: readonly string[] | undefined) {
  const sink = kind === 'sinks' ? { [type]: exampleOf(kind, type) } : SINK
  if (channels !== undefined)
    return channels.map((name) => ({ name: `from-${name}`, channel: name, ...sink }))
  const names = kind === 'sinkGroups' ? membersOf(type) : SINK_NAMES
  return names.map((name) => Object.assign({ name }, sink))
}

/** The sinks that a group's example needs. */
function membersOf(type: string): string[] {
  const { schema, example, references, sinksMax } = SINK_GROUPS[type]!
  const names = references?.(schema.parse(example)).map((reference) => reference.sink) ?? []
  if (names.length > 0) return [...new Set(names)]
  return sinksMax === 1 ? SINK_NAMES : ['first', 'second']
}

function deadLettersOf(type: string): boolean {
  const { schema, example, deadLetters } = INTERCEPTORS[type]!
  return deadLetters?.(schema.parse(example)) ?? false
}

/** A flow of the agent that a sink hands its events to, with the source that takes them. */
function targetFlow(type: string): object | undefined {
  const { schema, example, target } = SINKS[type]!
  const found = target?.(schema.parse(example))
  if (found === undefined) return undefined
  const [flow = found.agent, name = 'in'] = found.source?.split('/') ?? []
  return {
    apiVersion: API_VERSION,
    kind: 'FlumeFlow',
    metadata: { name: flow },
    spec: {
      agentRef: { name: found.agent },
      sources: [{ name, [found.type]: exampleOf('sources', found.type) }],
      sinks: [{ name: 'out', ...SINK }],
    },
  }
}
