import type { z } from 'zod'
import { catalog } from '../catalog.ts'
import type { InterceptorEntry } from '../core/component.ts'
import type { ComponentPlan, FlowPlan, SinkGroupPlan, SinkPlan, SourcePlan } from '../core/plan.ts'
import { DEFAULT_CHANNEL, SELECTORS } from './check-flow.ts'
import type { ComponentDraft, FlowDraft, SourceDraft, UnionDraft } from './draft.ts'
import { stableHash } from './hash.ts'

const INTERCEPTORS = catalog.interceptors as unknown as Readonly<
  Record<string, InterceptorEntry<z.ZodType>>
>

/** Builds the plan of a flow in which no problem was found. */
export function planFlow(draft: FlowDraft): FlowPlan {
  const channels = draft.channels?.map(planComponent) ?? [
    { name: DEFAULT_CHANNEL, type: 'file', config: catalog.channels.file.schema.parse({}) },
  ]
  const names = channels.map((channel) => channel.name)
  const sinks: SinkPlan[] = draft.sinks.map((sink) => ({
    ...planComponent(sink),
    channel: sink.channel ?? names[0]!,
  }))
  const flow = {
    name: draft.name!,
    sources: draft.sources.map((source) => planSource(source, names)),
    channels,
    sinks,
    sinkGroups: sinks.map(groupOf),
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

function planSource(draft: SourceDraft, names: readonly string[]): SourcePlan {
  const interceptors = draft.interceptors.map(planUnion)
  const selector =
    draft.selector === undefined
      ? { type: 'replicating', config: catalog.selectors.replicating.schema.parse({}) }
      : planUnion(draft.selector)
  const channels = draft.channels === undefined ? names : draft.channels.map((name) => name!)
  const source = planComponent(draft)
  const by = { interceptors, selector, channels }
  // Headers may come from the source too (groups of tail): then its settings decide where events go.
  const all = headerOf(selector) === undefined ? by : { ...by, source }
  const routing = isDeterministic(interceptors, selector) ? stableHash(all) : ''
  return { ...source, ...by, routing }
}

/**
 * Whether an event that is read again goes where it went before. If not, a channel must take it
 * again: what one channel has and would skip, the other may be missing.
 */
function isDeterministic(interceptors: readonly TypedConfig[], selector: TypedConfig): boolean {
  const header = headerOf(selector)
  if (header === undefined) return true
  return !interceptors.some(({ type, config }) =>
    INTERCEPTORS[type]!.volatileHeaders(config).includes(header),
  )
}

/** The header that decides where an event goes, if one does. */
function headerOf(selector: TypedConfig): string | undefined {
  return SELECTORS[selector.type]!.header(selector.config)
}

/** A sink in no written group is a group of its own. */
function groupOf(sink: SinkPlan): SinkGroupPlan {
  return {
    name: sink.name,
    type: 'single',
    config: catalog.sinkGroups.single.schema.parse({}),
    channel: sink.channel,
    sinks: [sink.name],
  }
}
