import type { FlowDraft, SourceDraft } from './draft.ts'
import { INTERCEPTORS, SELECTORS } from './entries.ts'
import type { Finding } from './explain.ts'
import { channelNames, fedByDefault } from './flow-channels.ts'
import { lineOf } from './node.ts'
import type { Path } from './node.ts'
import { cure } from './suggest.ts'

const PATH = ['spec', 'deadLetterChannel']

/**
 * Whether dead letters have a channel where a component makes some, and one that never misses any.
 * That a sink drains it is asked with the other channels.
 */
export function checkDeadLetters(draft: FlowDraft): Finding[] {
  const names = channelNames(draft)
  if (names === undefined || draft.deadLetterChannel === null) return []
  if (draft.deadLetterChannel === undefined)
    return draft.sources.flatMap((source) => missing(draft, source))
  if (!names.includes(draft.deadLetterChannel)) {
    const message = `there is no channel ${JSON.stringify(draft.deadLetterChannel)} in the flow.${cure(draft.deadLetterChannel, names, 'channels')}`
    return [finding(draft, 'FLM1301', PATH, message)]
  }
  const fed = fedByDefault(names, draft.deadLetterChannel)
  return draft.sources.flatMap((source) => [
    ...(fed.length === 0 && source.channels === undefined ? [feedsNone(draft, source)] : []),
    ...optional(draft, source),
  ])
}

function missing(draft: FlowDraft, { interceptors }: SourceDraft): Finding[] {
  return interceptors.flatMap(({ types, config, path: at }) => {
    if (config === undefined) return []
    const type = types[0]!
    if (INTERCEPTORS[type]!.deadLetters?.(config) !== true) return []
    const path = [...at, type]
    const message = `the interceptor ${type} gives events up as dead letters, and the flow has no channel for them. Add spec.deadLetterChannel with the name of a channel that a sink drains`
    return [finding(draft, 'FLM1309', path, message)]
  })
}

function feedsNone(draft: FlowDraft, source: SourceDraft): Finding {
  const message = `the only channel is that of the dead letters, which a source feeds only where it says so. Add a channel, or give the source channels: [${draft.deadLetterChannel}]`
  return finding(draft, 'FLM1309', source.path, message)
}

/** A dead letter that an optional channel has no room for would be lost. */
function optional(draft: FlowDraft, { selector }: SourceDraft): Finding[] {
  if (selector?.config === undefined) return []
  const type = selector.types[0]!
  return SELECTORS[type]!.references(selector.config).flatMap((reference) => {
    if (!reference.optional || reference.channel !== draft.deadLetterChannel) return []
    const path = [...selector.path, type, ...reference.path]
    const message = `the dead-letter channel ${JSON.stringify(reference.channel)} cannot be optional: what it has no room for would be lost. Name it among the required channels, or leave it out`
    return [finding(draft, 'FLM1309', path, message)]
  })
}

function finding(draft: FlowDraft, code: Finding['code'], path: Path, message: string): Finding {
  return { code, path, line: lineOf(draft.root, path), message }
}
