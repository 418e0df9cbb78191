import { isDeepStrictEqual } from 'node:util'
import type { ComponentPlan, FlowPlan, SinkGroupPlan, SinkPlan, SourcePlan } from '../core/plan.ts'

/** A sink group with its sinks: they start and stop together. */
export interface GroupPlan {
  readonly group: SinkGroupPlan
  readonly sinks: readonly SinkPlan[]
}

/** What runs in a flow, channels and groups that left the configuration included. */
export interface RunningPlan {
  readonly sources: readonly SourcePlan[]
  readonly channels: readonly ComponentPlan[]
  readonly groups: readonly GroupPlan[]
  readonly deadLetterChannel?: string | undefined
}

/** What to do, in this order. What is named nowhere is not touched. */
export type FlowDiff = {
  readonly stopSources: readonly string[]
  readonly stopGroups: readonly string[]
  /** Same name and type, other settings: closed and opened again. */
  readonly reopenChannels: readonly ComponentPlan[]
  readonly openChannels: readonly ComponentPlan[]
  /** Not in the plan any more; kept until they are empty. */
  readonly leaveChannels: readonly string[]
  /** Same name, other type: cannot be done. */
  readonly retypedChannels: readonly ComponentPlan[]
  readonly startGroups: readonly GroupPlan[]
  readonly startSources: readonly SourcePlan[]
}

/** The difference between what runs and what is wanted; `next` undefined: the flow is removed. */
export function diffFlow(running: RunningPlan, next: FlowPlan | undefined): FlowDiff {
  const channels = diffChannels(running.channels, next?.channels ?? [])
  const reopened = new Set(channels.reopenChannels.map(({ name }) => name))
  const wantedGroups = next === undefined ? [] : groupsOf(next)
  const wantedSources = next?.sources ?? []

  const deadLetters = next?.deadLetterChannel
  const keepsDeadLetters =
    deadLetters === running.deadLetterChannel && !(deadLetters && reopened.has(deadLetters))

  const keepsGroup = (group: GroupPlan): boolean => {
    if (reopened.has(group.group.channel)) return false
    return wantedGroups.some((wanted) => isDeepStrictEqual(wanted, group))
  }
  const keepsSource = (source: SourcePlan): boolean => {
    if (source.channels.some((channel) => reopened.has(channel))) return false
    // Without interceptors it has nothing to do with dead letters; sinks look the channel up each time.
    if (source.interceptors.length > 0 && !keepsDeadLetters) return false
    return wantedSources.some((wanted) => isDeepStrictEqual(wanted, source))
  }
  const retires = (group: GroupPlan): boolean =>
    channels.leaveChannels.includes(group.group.channel) && isAbsent(group, wantedGroups)

  const keptGroups = running.groups.filter(keepsGroup)
  const keptSources = running.sources.filter(keepsSource)
  return {
    ...channels,
    stopSources: running.sources.filter((each) => !keptSources.includes(each)).map(nameOf),
    stopGroups: running.groups
      .filter((each) => !keptGroups.includes(each) && !retires(each))
      .map(({ group }) => group.name),
    startGroups: wantedGroups.filter(
      (wanted) => !keptGroups.some(({ group }) => group.name === wanted.group.name),
    ),
    startSources: wantedSources.filter(
      (wanted) => !keptSources.some(({ name }) => name === wanted.name),
    ),
  }
}

export function groupsOf(flow: FlowPlan): readonly GroupPlan[] {
  return flow.sinkGroups.map((group) => ({
    group,
    sinks: group.sinks.map((name) => flow.sinks.find((sink) => sink.name === name)!),
  }))
}

function diffChannels(running: readonly ComponentPlan[], wanted: readonly ComponentPlan[]) {
  const before = (plan: ComponentPlan): ComponentPlan | undefined =>
    running.find(({ name }) => name === plan.name)
  const sameType = wanted.filter((plan) => before(plan)?.type === plan.type)
  return {
    openChannels: wanted.filter((plan) => before(plan) === undefined),
    reopenChannels: sameType.filter((plan) => !isDeepStrictEqual(plan, before(plan))),
    retypedChannels: wanted.filter((plan) => (before(plan)?.type ?? plan.type) !== plan.type),
    leaveChannels: running.map(nameOf).filter((name) => !wanted.some((plan) => plan.name === name)),
  }
}

/** Neither its name nor any of its sinks is in the plan: it can go on beside it. */
function isAbsent(group: GroupPlan, wanted: readonly GroupPlan[]): boolean {
  const names = new Set(wanted.flatMap((each) => each.sinks.map(nameOf)))
  if (wanted.some((each) => each.group.name === group.group.name)) return false
  return group.sinks.every(({ name }) => !names.has(name))
}

function nameOf({ name }: { readonly name: string }): string {
  return name
}
