import type { z } from 'zod'
import { fileChannelSchema } from './channels/file/config.ts'
import { memoryChannelSchema } from './channels/memory/config.ts'
import type {
  ChannelEntry,
  ChannelModule,
  ChannelReference,
  ComponentLoader,
  InterceptorEntry,
  InterceptorModule,
  SelectorEntry,
  SelectorModule,
  SinkEntry,
  SinkGroupEntry,
  SinkGroupModule,
  SinkModule,
  SourceEntry,
  SourceModule,
} from './core/component.ts'
import { FlumeError } from './core/errors.ts'
import { withClientSecrets, withServerSecrets } from './core/tls.ts'
import { customInterceptorSchema } from './interceptors/custom/config.ts'
import { hostInterceptorSchema } from './interceptors/host/config.ts'
import { regexFilterInterceptorSchema } from './interceptors/regex-filter/config.ts'
import { staticInterceptorSchema } from './interceptors/static/config.ts'
import { timestampInterceptorSchema } from './interceptors/timestamp/config.ts'
import { validateInterceptorSchema } from './interceptors/validate/config.ts'
import { multiplexingSelectorSchema } from './selectors/multiplexing/config.ts'
import { replicatingSelectorSchema } from './selectors/replicating/config.ts'
import { failoverSinkGroupSchema } from './sink-groups/failover/config.ts'
import { loadBalanceSinkGroupSchema } from './sink-groups/load-balance/config.ts'
import { singleSinkGroupSchema } from './sink-groups/single/config.ts'
import { agentSinkSchema } from './sinks/agent/config.ts'
import { avroSinkSchema } from './sinks/avro/config.ts'
import { fileSinkSchema } from './sinks/file/config.ts'
import { loggerSinkSchema } from './sinks/logger/config.ts'
import { nullSinkSchema } from './sinks/null/config.ts'
import { avroSourceSchema } from './sources/avro/config.ts'
import { httpSourceSchema } from './sources/http/config.ts'
import { seqSourceSchema } from './sources/seq/config.ts'
import { stressSourceSchema } from './sources/stress/config.ts'
import { tailSourceSchema } from './sources/tail/config.ts'

/*
 * The list of all components: the one file that names them. The key is the type in manifests. Each
 * function below does nothing but tie an implementation's configuration to its schema: where the two
 * differ, this file does not compile.
 */

const source = <Schema extends z.ZodType>(entry: SourceEntry<Schema>) => entry
const interceptor = <Schema extends z.ZodType>(entry: InterceptorEntry<Schema>) => entry
const selector = <Schema extends z.ZodType>(entry: SelectorEntry<Schema>) => entry
const channel = <Schema extends z.ZodType>(entry: ChannelEntry<Schema>) => entry
const sinkGroup = <Schema extends z.ZodType>(entry: SinkGroupEntry<Schema>) => entry
const sink = <Schema extends z.ZodType>(entry: SinkEntry<Schema>) => entry

const sources = {
  tail: source({
    schema: tailSourceSchema,
    summary:
      'Reads lines from growing and rotating text files and resumes where it left off after any stop.',
    example: { files: ['/var/log/app/*.log'] },
    load: () => import('./sources/tail/source.ts'),
  }),
  avro: source({
    schema: avroSourceSchema,
    summary:
      'Takes events over the Avro RPC of Flume, from Flume and from other agents, and answers OK once they are safe.',
    example: { port: 4141 },
    listens: ({ bind, port }) => ({ host: bind, port }),
    withSecrets: withServerSecrets,
    load: () => import('./sources/avro/source.ts'),
  }),
  http: source({
    schema: httpSourceSchema,
    summary:
      'Takes events as JSON by HTTP or HTTPS and answers 200 once they are safe, as the HTTP source of Flume with its JSON handler.',
    example: { port: 8080, path: '/events' },
    listens: ({ bind, port }) => ({ host: bind, port }),
    withSecrets: withServerSecrets,
    load: () => import('./sources/http/source.ts'),
  }),
  seq: source({
    schema: seqSourceSchema,
    summary: 'Makes events whose bodies count up from 0, for trying things out.',
    example: { totalEvents: 1000 },
    load: () => import('./sources/seq/source.ts'),
  }),
  stress: source({
    schema: stressSourceSchema,
    summary: 'Makes events of a given size at a given rate, each different, for load tests.',
    example: { eventsPerSecond: 5000, size: 512, batchSize: 100 },
    load: () => import('./sources/stress/source.ts'),
  }),
}

const interceptors = {
  timestamp: interceptor({
    schema: timestampInterceptorSchema,
    summary: 'Sets a header to the time of intake.',
    example: { preserveExisting: true },
    volatileHeaders: (config) => [config.header],
    load: () => import('./interceptors/timestamp/interceptor.ts'),
  }),
  host: interceptor({
    schema: hostInterceptorSchema,
    summary: 'Sets a header to the address or the name of the machine the agent runs on.',
    example: { useIP: false },
    // A pod has another address after each start.
    volatileHeaders: (config) => [config.header],
    load: () => import('./interceptors/host/interceptor.ts'),
  }),
  static: interceptor({
    schema: staticInterceptorSchema,
    summary: 'Sets a header to a fixed value.',
    example: { key: 'datacenter', value: 'north' },
    volatileHeaders: () => [],
    load: () => import('./interceptors/static/interceptor.ts'),
  }),
  regexFilter: interceptor({
    schema: regexFilterInterceptorSchema,
    summary: 'Keeps or drops events by a regular expression over their bodies.',
    example: { regex: ' DEBUG ', exclude: true },
    volatileHeaders: () => [],
    load: () => import('./interceptors/regex-filter/interceptor.ts'),
  }),
  validate: interceptor({
    schema: validateInterceptorSchema,
    summary:
      'Finds events that lack headers or whose bodies are too large, not UTF-8 or not JSON, and drops, tags or dead-letters them.',
    example: { requiredHeaders: ['host'], maxBodySize: '64Ki', json: true, action: 'deadLetter' },
    volatileHeaders: () => [],
    deadLetters: ({ action }) => action === 'deadLetter',
    load: () => import('./interceptors/validate/interceptor.ts'),
  }),
  custom: interceptor({
    schema: customInterceptorSchema,
    summary: 'Runs a module of your own over the events: it changes, drops or splits them.',
    example: { module: 'mask-cards.js', config: { keep: 4 } },
    volatileHeaders: () => [],
    deterministic: (config) => 'deterministic' in config && config.deterministic === true,
    deadLetters: () => true,
    resolve: async (config, at) => {
      const { resolveCustom } = await import('./interceptors/custom/resolve.ts')
      return resolveCustom(config, at)
    },
    load: () => import('./interceptors/custom/interceptor.ts'),
  }),
}

const selectors = {
  replicating: selector({
    schema: replicatingSelectorSchema,
    summary: 'Sends every event to all channels of its source. Used when no selector is given.',
    example: { optional: ['copy'] },
    references: (config) => named(config.optional, ['optional'], true),
    header: () => undefined,
    load: () => import('./selectors/replicating/selector.ts'),
  }),
  multiplexing: selector({
    schema: multiplexingSelectorSchema,
    summary: 'Chooses the channels of an event by the value of one of its headers.',
    example: {
      header: 'tier',
      mappings: [{ value: 'gold', channels: ['fast'] }],
      default: ['default'],
    },
    references: (config) => [
      ...config.mappings.flatMap((mapping, i) => [
        ...named(mapping.channels ?? [], ['mappings', i, 'channels']),
        ...named(mapping.optional, ['mappings', i, 'optional'], true),
      ]),
      ...named(config.default, ['default']),
    ],
    header: (config) => config.header,
    load: () => import('./selectors/multiplexing/selector.ts'),
  }),
}

function named(
  channels: readonly string[],
  path: readonly (string | number)[],
  optional = false,
): ChannelReference[] {
  return channels.map((name, i) => ({ path: [...path, i], channel: name, optional }))
}

const channels = {
  file: channel({
    schema: fileChannelSchema,
    summary:
      'Keeps events in a log on disk: what it has taken survives a crash of the process and of the machine.',
    example: { capacity: '10Gi' },
    load: () => import('./channels/file/channel.ts'),
  }),
  memory: channel({
    schema: memoryChannelSchema,
    summary:
      'Keeps events in memory. With a source that can read again nothing is lost at a crash: positions advance on delivery.',
    example: { capacity: 100_000 },
    load: () => import('./channels/memory/channel.ts'),
  }),
}

const sinks = {
  agent: sink({
    schema: agentSinkSchema,
    summary:
      'Hands events to all replicas of another agent, in turn, and to the others when one fails.',
    example: { name: 'hub' },
    target: (config) => ({ agent: config.name, source: config.source, type: 'avro' }),
    withSecrets: withClientSecrets,
    load: () => import('./sinks/agent/sink.ts'),
  }),
  avro: sink({
    schema: avroSinkSchema,
    summary: 'Hands events to an Avro source: of another agent, or of a real Flume.',
    example: { host: 'collector.example.com', port: 4141 },
    withSecrets: withClientSecrets,
    load: () => import('./sinks/avro/sink.ts'),
  }),
  file: sink({
    schema: fileSinkSchema,
    summary:
      'Writes events to files that roll by size and time, each synced before its events leave the channel.',
    example: { directory: '/data/out', rollSize: '128Mi', rollInterval: '5m' },
    load: () => import('./sinks/file/sink.ts'),
  }),
  logger: sink({
    schema: loggerSinkSchema,
    summary: 'Writes the headers and the first bytes of each event to the log of the agent.',
    example: { maxBytesToLog: 256 },
    load: () => import('./sinks/logger/sink.ts'),
  }),
  null: sink({
    schema: nullSinkSchema,
    summary: 'Discards events, for load tests.',
    example: {},
    load: () => import('./sinks/null/sink.ts'),
  }),
}

const sinkGroups = {
  single: sinkGroup({
    schema: singleSinkGroupSchema,
    summary: 'One sink, tried again with growing delays after a failure.',
    example: { backoffMin: '1s' },
    sinksMax: 1,
    load: () => import('./sink-groups/single/sink-group.ts'),
  }),
  failover: sinkGroup({
    schema: failoverSinkGroupSchema,
    summary:
      'Uses the sink with the highest priority that works; another takes over when it fails, until it works again.',
    example: {
      priorities: [
        { sink: 'near', priority: 10 },
        { sink: 'far', priority: 5 },
      ],
    },
    references: (config) =>
      config.priorities.map(({ sink: name }, i) => ({
        path: ['priorities', i, 'sink'],
        sink: name,
      })),
    load: () => import('./sink-groups/failover/sink-group.ts'),
  }),
  loadBalance: sinkGroup({
    schema: loadBalanceSinkGroupSchema,
    summary: 'Spreads batches over all sinks that work, in turn or at random.',
    example: { selector: 'RoundRobin', maxBackoff: '30s' },
    load: () => import('./sink-groups/load-balance/sink-group.ts'),
  }),
}

export const catalog = { sources, interceptors, selectors, channels, sinkGroups, sinks }

/** `sources`, `interceptors`, … */
export type CatalogKind = keyof typeof catalog

/** Loads implementations by type. An unknown type is a mistake of ours: plans are checked. */
export const loader: ComponentLoader = {
  source: (type) => load<SourceModule<unknown>>('sources', sources, type),
  interceptor: (type) => load<InterceptorModule<unknown>>('interceptors', interceptors, type),
  selector: (type) => load<SelectorModule<unknown>>('selectors', selectors, type),
  channel: (type) => load<ChannelModule<unknown>>('channels', channels, type),
  sink: (type) => load<SinkModule<unknown>>('sinks', sinks, type),
  sinkGroup: (type) => load<SinkGroupModule<unknown>>('sinkGroups', sinkGroups, type),
}

async function load<Module>(
  kind: CatalogKind,
  entries: Readonly<Record<string, { readonly load: () => Promise<Module> }>>,
  type: string,
): Promise<Module> {
  const entry = Object.hasOwn(entries, type) ? entries[type] : undefined
  if (entry !== undefined) return entry.load()
  const message = `the plan asks for ${kind}.${type}, which is not in the catalog`
  throw new FlumeError('FLM9001', message, { retryable: false })
}
