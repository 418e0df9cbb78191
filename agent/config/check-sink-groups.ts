import type { FlowDraft, SinkGroupDraft } from './draft.ts'
import { SINK_GROUPS } from './entries.ts'
import type { Finding } from './explain.ts'
import { channelNames } from './flow-channels.ts'
import { lineOf } from './node.ts'
import type { Path } from './node.ts'
import { cure, listed } from './suggest.ts'

/** What the groups name, and whether those sinks can stand in for each other. */
export function checkSinkGroups(draft: FlowDraft): Finding[] {
  const names = draft.sinks.map((sink) => sink.name)
  // Without all names nothing can be said: a name that is missing or no text was reported.
  if (!names.every((name) => name !== undefined)) return []
  const groupOf = new Map<string, SinkGroupDraft>()
  return [
    ...draft.sinkGroups.flatMap((group) => [
      ...checkMembers(draft, group, { names, groupOf }),
      ...checkReferences(draft, group),
    ]),
    ...checkImplicit(draft, groupOf),
  ]
}

interface Known {
  readonly names: readonly string[]
  /** Filled as the groups are looked at. */
  readonly groupOf: Map<string, SinkGroupDraft>
}

function checkMembers(draft: FlowDraft, group: SinkGroupDraft, known: Known): Finding[] {
  const findings: Finding[] = []
  const report = (code: Finding['code'], path: Path, message: string): void =>
    void findings.push({ code, path, line: lineOf(draft.root, path), message })
  for (const [i, name] of group.sinks.entries()) {
    if (name === undefined) continue
    const path = [...group.path, 'sinks', i]
    const earlier = known.groupOf.get(name)
    if (!known.names.includes(name)) {
      const message = `there is no sink ${JSON.stringify(name)} in the flow.${cure(name, known.names, 'sinks')}`
      report('FLM1301', path, message)
    } else if (earlier !== undefined) {
      const where = earlier === group ? 'this group' : `the group ${JSON.stringify(earlier.name)}`
      report('FLM1311', path, `the sink ${JSON.stringify(name)} is in ${where} already. Remove one`)
    }
    known.groupOf.set(name, group)
  }
  if (findings.length > 0) return findings
  const sinksMax = SINK_GROUPS[group.types[0] ?? '']?.sinksMax
  if (sinksMax !== undefined && group.sinks.length > sinksMax) {
    const type = group.types[0]!
    const message = `a group of type ${type} has one sink and this has ${group.sinks.length}. Choose another type, or make it ${group.sinks.length} groups`
    report('FLM1311', [...group.path, 'sinks'], message)
  }
  const channels = [...new Set(group.sinks.map((name) => channelOf(draft, name)))]
  if (channels.length > 1 && channels.every((channel) => channel !== undefined)) {
    const message = `the sinks of the group drain ${channels.length} channels: ${listed(channels)}. Give them the same channel, as one must be able to stand in for another`
    report('FLM1311', [...group.path, 'sinks'], message)
  }
  return findings
}

/** undefined: not known. */
function channelOf(draft: FlowDraft, name: string | undefined): string | undefined {
  const sink = draft.sinks.find((each) => each.name === name)
  if (sink === undefined || sink.channel === null) return undefined
  return sink.channel ?? channelNames(draft)?.[0]
}

/** Names inside of the configuration, such as those with a priority: sinks of the group. */
function checkReferences(draft: FlowDraft, group: SinkGroupDraft): Finding[] {
  if (group.config === undefined) return []
  const type = group.types[0]!
  const members = group.sinks.filter((name) => name !== undefined)
  const references = SINK_GROUPS[type]!.references?.(group.config)
  if (references === undefined) return []
  const dangling = references.flatMap(({ path: inner, sink }): Finding[] => {
    if (members.includes(sink)) return []
    const path = [...group.path, type, ...inner]
    const message = `the group has no sink ${JSON.stringify(sink)}.${cure(sink, members, 'sinks')}`
    return [{ code: 'FLM1301', path, line: lineOf(draft.root, path), message }]
  })
  if (dangling.length > 0) return dangling
  const unnamed = members.filter((name) => !references.some(({ sink }) => sink === name))
  if (unnamed.length === 0) return []
  const path = [...group.path, type]
  const message = `the group has sinks that stand nowhere below ${type}: ${listed(unnamed)}. Add them`
  return [{ code: 'FLM1311', path, line: lineOf(draft.root, path), message }]
}

/** A sink in no group is one by itself, under its own name. */
function checkImplicit(draft: FlowDraft, groupOf: ReadonlyMap<string, SinkGroupDraft>): Finding[] {
  return draft.sinkGroups.flatMap(({ name, path: at }) => {
    const alone = draft.sinks.some((sink) => sink.name === name && !groupOf.has(sink.name!))
    if (!alone) return []
    const path = [...at, 'name']
    const message = `the sink ${JSON.stringify(name)} is in no group and so is a group of this name itself. Rename one, or add the sink to the group`
    return [{ code: 'FLM1205' as const, path, line: lineOf(draft.root, path), message }]
  })
}
