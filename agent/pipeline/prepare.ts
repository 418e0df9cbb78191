import { FlumeError, toFlumeError } from '../core/errors.ts'
import type { SourcePlan } from '../core/plan.ts'
import type { FlowDiff, GroupPlan } from './flow-diff.ts'
import { componentContext } from './flow-context.ts'
import type { FlowContext } from './flow-context.ts'
import type { PreparedGroup } from './group-runner.ts'
import type { PreparedSink } from './sink-runner.ts'
import type { PreparedSource } from './source-runner.ts'

/** All new parts of a flow, made and so checked, none of them started. */
export interface PreparedFlow {
  readonly sources: readonly PreparedSource[]
  readonly groups: readonly PreparedGroup[]
}

/** Makes what a difference needs before anything that runs is touched. Rejects with FLM5201. */
export async function prepareFlow(
  diff: FlowDiff,
  context: FlowContext,
  deadLetterChannel?: string,
): Promise<PreparedFlow> {
  const channels = [...diff.openChannels, ...diff.reopenChannels]
  const [groups, sources] = await Promise.all([
    Promise.all(diff.startGroups.map((plan) => prepareGroup(plan, context))),
    Promise.all(diff.startSources.map((plan) => prepareSource(plan, deadLetterChannel, context))),
    ...channels.map((plan) =>
      making('channel', plan, context, () => context.loader.channel(plan.type)),
    ),
  ])
  return { sources, groups }
}

function prepareGroup(plan: GroupPlan, context: FlowContext): Promise<PreparedGroup> {
  return making('sink group', plan.group, context, async () => {
    const { group } = plan
    const module = await context.loader.sinkGroup(group.type)
    const sinks = plan.sinks.map((sink) =>
      making('sink', sink, context, async (): Promise<PreparedSink> => {
        const sinkModule = await context.loader.sink(sink.type)
        return { plan: sink, module: sinkModule, sink: sinkModule.createSink(sink.config) }
      }),
    )
    return {
      plan: group,
      group: module.createSinkGroup(group.config, group.sinks, context.random),
      sinks: await Promise.all(sinks),
    }
  })
}

function prepareSource(
  plan: SourcePlan,
  flowDeadLetters: string | undefined,
  context: FlowContext,
): Promise<PreparedSource> {
  return making('source', plan, context, async () => {
    const { loader } = context
    const module = await loader.source(plan.type)
    const selectors = await loader.selector(plan.selector.type)
    const interceptors = await Promise.all(
      plan.interceptors.map(async ({ type, config }) => {
        const interceptor = await loader.interceptor(type)
        const own = componentContext(context, 'interceptor', `${plan.name}/${type}`)
        return { type, intercept: await interceptor.createInterceptor(config, own) }
      }),
    )
    const required = selectors.requiredChannels(plan.selector.config, plan.channels)
    // Without interceptors nothing is given up on, and its positions there would say nothing.
    const deadLetterChannel = interceptors.length === 0 ? undefined : flowDeadLetters
    return {
      plan,
      module,
      source: module.createSource(plan.config),
      interceptors,
      selector: selectors.createSelector(plan.selector.config, plan.channels),
      requiredChannels: [...new Set([...required, deadLetterChannel ?? []].flat())],
      deadLetterChannel,
    }
  })
}

async function making<Result>(
  kind: string,
  { name, type }: { readonly name: string; readonly type: string },
  { flow }: FlowContext,
  make: () => Promise<Result>,
): Promise<Result> {
  try {
    return await make()
  } catch (thrown) {
    const cause = toFlumeError(thrown)
    if (cause.code === 'FLM5201') throw cause
    throw new FlumeError(
      'FLM5201',
      `flow ${flow}: ${kind} ${name} of type ${type} could not be made: ${cause.message}`,
      { retryable: false, cause, facts: { flow, kind, name, type } },
    )
  }
}
