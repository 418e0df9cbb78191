import { checkDeadLetters } from './check-dead-letters.ts'
import { checkSinkGroups } from './check-sink-groups.ts'
import type { ComponentDraft, FlowDraft, SinkDraft, SourceDraft, UnionDraft } from './draft.ts'
import { SELECTORS, SOURCES } from './entries.ts'
import type { Finding } from './explain.ts'
import { DEFAULT_CHANNEL, channelNames, fedByDefault } from './flow-channels.ts'
import { keyLineOf, lineOf } from './node.ts'
import type { Path } from './node.ts'
import { typesOf } from './schema.ts'
import { cure, listed } from './suggest.ts'

/** What the schemas cannot see: exactly one type each, names used twice, and the edges. */
export function checkFlow(draft: FlowDraft): Finding[] {
  return [
    ...checkTypes(draft),
    ...checkNames(draft, 'sources', draft.sources),
    ...checkNames(draft, 'channels', draft.channels ?? []),
    ...checkNames(draft, 'sinks', draft.sinks),
    ...checkNames(draft, 'sink groups', draft.sinkGroups),
    ...draft.sources.flatMap((source) => checkService(draft, source)),
    ...checkEdges(draft),
    ...checkSinkGroups(draft),
    ...checkDeadLetters(draft),
  ]
}

function checkTypes(draft: FlowDraft): Finding[] {
  const check = (
    kind: Parameters<typeof typesOf>[0],
    what: string,
    unions: readonly UnionDraft[],
  ): Finding[] =>
    unions.flatMap((union) => {
      // An unknown key was reported with the type it most likely means.
      if (union.types.length === 1 || (union.types.length === 0 && union.unknownKeys)) return []
      const code = 'FLM1204'
      if (union.types.length === 0) {
        const message = `no type of ${what} is given. Add one of: ${listed(typesOf(kind))}`
        return [{ code, path: union.path, line: lineOf(draft.root, union.path), message }]
      }
      const path = [...union.path, union.types[1]!]
      const message = `${listed(union.types)} are given together. A ${what} has exactly one type: make it ${union.types.length} ${what}s`
      return [{ code, path, line: keyLineOf(draft.root, path), message }]
    })
  return [
    ...check('sources', 'source', draft.sources),
    ...check(
      'interceptors',
      'interceptor',
      draft.sources.flatMap((each) => each.interceptors),
    ),
    ...check(
      'selectors',
      'selector',
      draft.sources.flatMap((each) => each.selector ?? []),
    ),
    ...check('channels', 'channel', draft.channels ?? []),
    ...check('sinks', 'sink', draft.sinks),
    ...check('sinkGroups', 'sink group', draft.sinkGroups),
  ]
}

function checkNames(
  draft: FlowDraft,
  kind: string,
  components: readonly ComponentDraft[],
): Finding[] {
  const lines = new Map<string, number>()
  const findings: Finding[] = []
  for (const { name, path: at } of components) {
    if (name === undefined) continue
    const path = [...at, 'name']
    const line = lineOf(draft.root, path)
    const earlier = lines.get(name)
    if (earlier === undefined) {
      lines.set(name, line)
      continue
    }
    const first = earlier === 0 ? '' : `, first on line ${earlier}`
    const message = `the name ${JSON.stringify(name)} is used twice among the ${kind} of the flow${first}. Give each a name of its own`
    findings.push({ code: 'FLM1205', path, line, message })
  }
  return findings
}

/** A Service leads to a source that listens. */
function checkService(draft: FlowDraft, { path: at, types, service }: SourceDraft): Finding[] {
  const [type] = types
  if (!service || types.length !== 1 || SOURCES[type!]!.listens !== undefined) return []
  const path = [...at, 'service']
  const message = `a ${type} source does not listen, so that a Service would lead nowhere. Remove it`
  return [{ code: 'FLM1202', path, line: keyLineOf(draft.root, path), message }]
}

/**
 * References from sources, selectors and sinks to channels, and back: whether each channel is fed
 * and drained. The latter is only asked where all references are known, as otherwise each misspelt
 * name would be reported twice.
 */
function checkEdges(draft: FlowDraft): Finding[] {
  const names = channelNames(draft)
  // Without all names nothing can be said: a name that is missing or no text was reported.
  if (names === undefined || draft.deadLetterChannel === null) return []
  const findings: Finding[] = []
  const edges = { fed: new Set<string>(), drained: new Set<string>() }
  if (draft.deadLetterChannel !== undefined) edges.fed.add(draft.deadLetterChannel)
  let known = draft.sources.length > 0 && draft.sinks.length > 0
  for (const source of draft.sources) {
    const result = sourceEdges(draft, source, names)
    findings.push(...result.findings)
    if (result.fed === undefined) known = false
    for (const name of result.fed ?? []) edges.fed.add(name)
  }
  for (const sink of draft.sinks) {
    const result = sinkEdge(draft, sink, names)
    findings.push(...result.findings)
    if (result.channel === undefined) known = false
    else edges.drained.add(result.channel)
  }
  return known ? [...findings, ...unused(draft, edges)] : findings
}

interface SourceEdges {
  readonly findings: readonly Finding[]
  /** Channels that events can reach; undefined when that is not known. */
  readonly fed: readonly string[] | undefined
}

function sourceEdges(draft: FlowDraft, source: SourceDraft, names: readonly string[]): SourceEdges {
  const findings: Finding[] = []
  const feeds: string[] = []
  const given = source.channels ?? fedByDefault(names, draft.deadLetterChannel)
  for (const [i, name] of given.entries()) {
    if (name === undefined) continue
    const path = [...source.path, 'channels', i]
    if (!names.includes(name)) findings.push(dangling(draft, path, name, names))
    else if (source.channels !== undefined && feeds.includes(name))
      findings.push(repeated(draft, path, name))
    feeds.push(name)
  }
  const complete = source.channels?.includes(undefined) !== true && findings.length === 0
  const { selector } = source
  if (selector === undefined) return { findings, fed: complete ? feeds : undefined }
  if (selector.config === undefined) return { findings, fed: undefined }
  const type = selector.types[0]!
  const entry = SELECTORS[type]!
  const references = entry.references(selector.config)
  for (const { path: inner, channel } of references) {
    const path = [...selector.path, type, ...inner]
    if (!names.includes(channel)) findings.push(dangling(draft, path, channel, names))
    else if (complete && !feeds.includes(channel)) {
      const message = `the source does not feed the channel ${JSON.stringify(channel)}. Add it to the source's channels`
      findings.push({ code: 'FLM1301', path, line: lineOf(draft.root, path), message })
    }
  }
  if (!complete || findings.length > 0) return { findings, fed: undefined }
  // A selector that looks at a header sends events to the channels it names and nowhere else.
  const routed = entry.header(selector.config) !== undefined
  return { findings, fed: routed ? references.map((each) => each.channel) : feeds }
}

function sinkEdge(
  draft: FlowDraft,
  sink: SinkDraft,
  names: readonly string[],
): { readonly findings: readonly Finding[]; readonly channel: string | undefined } {
  const path = [...sink.path, 'channel']
  if (sink.channel === null) return { findings: [], channel: undefined }
  if (sink.channel === undefined) {
    if (names.length === 1) return { findings: [], channel: names[0] }
    const message = `the flow has ${names.length} channels, and the sink does not say which it drains. Add "channel" with one of: ${listed(names)}`
    const line = lineOf(draft.root, sink.path)
    return { findings: [{ code: 'FLM1303', path: sink.path, line, message }], channel: undefined }
  }
  if (names.includes(sink.channel)) return { findings: [], channel: sink.channel }
  return { findings: [dangling(draft, path, sink.channel, names)], channel: undefined }
}

function unused(
  draft: FlowDraft,
  edges: { readonly fed: ReadonlySet<string>; readonly drained: ReadonlySet<string> },
): Finding[] {
  const findings: Finding[] = []
  for (const { name, path } of draft.channels ?? [{ name: DEFAULT_CHANNEL, path: ['spec'] }]) {
    const at = { code: 'FLM1302' as const, path, line: lineOf(draft.root, path) }
    const channel = JSON.stringify(name)
    if (!edges.fed.has(name!)) {
      const message = `no source feeds the channel ${channel}. Name it in a source's channels or selector, or remove it`
      findings.push({ ...at, message })
    }
    if (!edges.drained.has(name!)) {
      const message = `no sink drains the channel ${channel}: it would fill up. Add a sink with this channel, or remove it`
      findings.push({ ...at, message })
    }
  }
  return findings
}

function dangling(draft: FlowDraft, path: Path, name: string, names: readonly string[]): Finding {
  const message = `there is no channel ${JSON.stringify(name)} in the flow.${cure(name, names, 'channels')}`
  return { code: 'FLM1301', path, line: lineOf(draft.root, path), message }
}

function repeated(draft: FlowDraft, path: Path, name: string): Finding {
  const message = `the channel ${JSON.stringify(name)} is given twice. Remove one`
  return { code: 'FLM1205', path, line: lineOf(draft.root, path), message }
}
