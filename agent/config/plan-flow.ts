import { catalog } from '../catalog.ts'
import type { ComponentPlan, FlowPlan, SinkGroupPlan, SinkPlan, SourcePlan } from '../core/plan.ts'
import type { SecretFile } from '../core/tls.ts'
import type {
  ComponentDraft,
  FlowDraft,
  SinkDraft,
  SinkGroupDraft,
  SourceDraft,
  UnionDraft,
} from './draft.ts'
import { INTERCEPTORS, SELECTORS, SINKS, SOURCES } from './entries.ts'
import { DEFAULT_CHANNEL, fedByDefault } from './flow-channels.ts'
import { stableHash } from './hash.ts'

/** Addresses (`HOST:PORT`) of all replicas, or a name that resolves to those there are at the moment. */
export type Peers = readonly string[] | PeerService

export interface PeerService {
  readonly host: string
  readonly port: number
}

/** What a manifest does not say: where the replica and its peers are. */
export interface Places {
  /** The port of a listening source, where it is not the written one. */
  port(flow: string, source: string): number | undefined
  /** Where a sink hands its events to; undefined for a sink that names no pool. */
  peers(sink: SinkDraft): Peers | undefined
  /** Omitted: references to Secrets stay as they are. */
  readonly secretFile?: SecretFile | undefined
}

/** Builds the plan of a flow in which no problem was found. */
export function planFlow(draft: FlowDraft, places: Places): FlowPlan {
  const channels = draft.channels?.map(planComponent) ?? [
    { name: DEFAULT_CHANNEL, type: 'file', config: catalog.channels.file.schema.parse({}) },
  ]
  const names = channels.map((channel) => channel.name)
  const name = draft.name!
  const sinks = draft.sinks.map((sink) => planSink(sink, names[0]!, places))
  const { deadLetterChannel } = draft
  const flow = {
    name,
    sources: draft.sources.map((source) =>
      planSource(draft, source, {
        names,
        port: places.port(name, source.name!),
        secretFile: places.secretFile,
      }),
    ),
    channels,
    sinks,
    sinkGroups: planGroups(draft.sinkGroups, sinks),
    ...(typeof deadLetterChannel === 'string' ? { deadLetterChannel } : {}),
  }
  return { ...flow, hash: stableHash(flow) }
}

type TypedConfig = Omit<ComponentPlan, 'name'>

function planUnion(draft: UnionDraft): TypedConfig {
  return { type: draft.types[0]!, config: draft.config }
}

function planComponent(draft: ComponentDraft): ComponentPlan {
  return { name: draft.name!, ...planUnion(draft) }
}

interface SourceSurroundings {
  /** Names of the channels. */
  readonly names: readonly string[]
  readonly port: number | undefined
  readonly secretFile: SecretFile | undefined
}

function planSource(
  flow: FlowDraft,
  draft: SourceDraft,
  { names, port, secretFile }: SourceSurroundings,
): SourcePlan {
  const interceptors = draft.interceptors.map(planUnion)
  const selector =
    draft.selector === undefined
      ? { type: 'replicating', config: catalog.selectors.replicating.schema.parse({}) }
      : planUnion(draft.selector)
  const { deadLetterChannel } = flow
  const channels = draft.channels?.map((name) => name!) ?? fedByDefault(names, deadLetterChannel)
  const source = planComponent(draft)
  const by = { interceptors, selector, channels }
  // Where dead letters go is part of where events go.
  const everywhere = deadLetterChannel === undefined ? by : { ...by, deadLetterChannel }
  // Headers may come from the source too (groups of tail): then its settings decide where events go.
  const all = headerOf(selector) === undefined ? everywhere : { ...everywhere, source }
  const routing = isDeterministic(interceptors, selector) ? stableHash(all) : ''
  const { config } = port === undefined ? source : withKey(source, { port })
  return {
    ...source,
    config: withSecrets(SOURCES, { ...source, config }, secretFile),
    ...by,
    routing,
  }
}

/** The configuration with files in place of Secrets. */
function withSecrets(
  entries: typeof SOURCES | typeof SINKS,
  { type, config }: TypedConfig,
  secretFile: SecretFile | undefined,
): unknown {
  if (secretFile === undefined) return config
  return entries[type]!.withSecrets?.(config, secretFile) ?? config
}

/** Replicas on one machine and addresses of peers: in the configuration that the component is given. */
function withKey(component: ComponentPlan, more: Readonly<Record<string, unknown>>) {
  return { config: { ...(component.config as object), ...more } }
}

function planSink(draft: SinkDraft, onlyChannel: string, places: Places): SinkPlan {
  const sink = planComponent(draft)
  const peers = places.peers(draft)
  const { config } = peers === undefined ? sink : withKey(sink, placeOf(peers))
  return {
    ...sink,
    config: withSecrets(SINKS, { ...sink, config }, places.secretFile),
    channel: draft.channel ?? onlyChannel,
  }
}

function placeOf(peers: Peers) {
  return 'host' in peers ? { service: peers } : { endpoints: peers }
}

/**
 * Whether an event that is read again goes where it went before. If not, a channel must take it
 * again: what one channel has and would skip, the other may be missing.
 */
function isDeterministic(interceptors: readonly TypedConfig[], selector: TypedConfig): boolean {
  const isSure = interceptors.every(
    ({ type, config }) => INTERCEPTORS[type]!.deterministic?.(config) ?? true,
  )
  const header = headerOf(selector)
  if (header === undefined || !isSure) return isSure
  return !interceptors.some(({ type, config }) =>
    INTERCEPTORS[type]!.volatileHeaders(config).includes(header),
  )
}

/** The header that decides where an event goes, if one does. */
function headerOf(selector: TypedConfig): string | undefined {
  return SELECTORS[selector.type]!.header(selector.config)
}

/** The written groups, then those of the sinks that are in none: each a group of its own. */
function planGroups(
  drafts: readonly SinkGroupDraft[],
  sinks: readonly SinkPlan[],
): SinkGroupPlan[] {
  const written = drafts.map((draft) => {
    const names = draft.sinks.map((name) => name!)
    const { channel } = sinks.find(({ name }) => name === names[0])!
    return { ...planComponent(draft), channel, sinks: names }
  })
  const grouped = new Set(written.flatMap((group) => group.sinks))
  return [...written, ...sinks.filter(({ name }) => !grouped.has(name)).map(groupOf)]
}

function groupOf(sink: SinkPlan): SinkGroupPlan {
  return {
    name: sink.name,
    type: 'single',
    config: catalog.sinkGroups.single.schema.parse({}),
    channel: sink.channel,
    sinks: [sink.name],
  }
}
