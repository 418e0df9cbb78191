import type { z } from 'zod'
import { catalog } from '../catalog.ts'
import type { CatalogKind } from '../catalog.ts'
import { nodeAt, toValue } from './node.ts'
import type { MappingNode, Path, YamlNode } from './node.ts'
import { typesOf } from './schema.ts'

/**
 * A flow as far as it can be understood: what is missing or of the wrong type is undefined, so that
 * a mistake in one place does not hide those in another. Of a manifest without mistakes everything
 * is there.
 */
export interface FlowDraft {
  readonly root: YamlNode
  readonly name: string | undefined
  readonly agent: string | undefined
  readonly sources: readonly SourceDraft[]
  /** undefined: not given. */
  readonly channels: readonly ComponentDraft[] | undefined
  readonly sinks: readonly SinkDraft[]
  readonly sinkGroups: readonly SinkGroupDraft[]
  /** undefined: not given; null: given, but not a name. */
  readonly deadLetterChannel: string | null | undefined
}

export interface UnionDraft {
  readonly path: Path
  /** The keys of the catalog that were found; exactly one where there is no mistake. */
  readonly types: readonly string[]
  /** Whether it has keys that are neither types nor known beside them. */
  readonly unknownKeys: boolean
  /** With defaults; undefined when there is not exactly one type, or its schema finds mistakes. */
  readonly config: unknown
}

export interface ComponentDraft extends UnionDraft {
  readonly name: string | undefined
}

export interface SourceDraft extends ComponentDraft {
  readonly interceptors: readonly UnionDraft[]
  /** undefined: not given. */
  readonly selector: UnionDraft | undefined
  /** undefined: not given. */
  readonly channels: readonly (string | undefined)[] | undefined
  /** Whether it has settings of a Service. */
  readonly service: boolean
}

export interface SinkDraft extends ComponentDraft {
  /** undefined: not given; null: given, but not a name. */
  readonly channel: string | null | undefined
}

export interface SinkGroupDraft extends ComponentDraft {
  readonly sinks: readonly (string | undefined)[]
}

export function draftFlow(root: YamlNode): FlowDraft {
  return {
    root,
    name: textAt(root, ['metadata', 'name']),
    agent: textAt(root, ['spec', 'agentRef', 'name']),
    sources: mappingsAt(root, ['spec', 'sources']).map(([path, node]) => draftSource(path, node)),
    channels:
      nodeAt(root, ['spec', 'channels']) &&
      mappingsAt(root, ['spec', 'channels']).map(([path, node]) =>
        draftComponent('channels', path, node),
      ),
    sinks: mappingsAt(root, ['spec', 'sinks']).map(([path, node]) => draftSink(path, node)),
    sinkGroups: mappingsAt(root, ['spec', 'sinkGroups']).map(([path, node]) =>
      draftSinkGroup(path, node),
    ),
    deadLetterChannel: nameAt(root, ['spec', 'deadLetterChannel']),
  }
}

function draftSource(path: Path, node: MappingNode): SourceDraft {
  const interceptors = mappingsAt(node, ['interceptors'])
  const selector = nodeAt(node, ['selector'])
  const channels = nodeAt(node, ['channels'])
  return {
    ...draftComponent('sources', path, node, ['interceptors', 'selector', 'channels', 'service']),
    interceptors: interceptors.map(([inner, each]) =>
      draftUnion('interceptors', [...path, ...inner], each, []),
    ),
    selector:
      selector?.kind === 'mapping'
        ? draftUnion('selectors', [...path, 'selector'], selector, [])
        : undefined,
    channels:
      channels &&
      (channels.kind === 'sequence' ? channels.items.map((item) => textAt(item, [])) : [undefined]),
    service: nodeAt(node, ['service']) !== undefined,
  }
}

function draftSink(path: Path, node: MappingNode): SinkDraft {
  return {
    ...draftComponent('sinks', path, node, ['channel']),
    channel: nameAt(node, ['channel']),
  }
}

function draftSinkGroup(path: Path, node: MappingNode): SinkGroupDraft {
  const sinks = nodeAt(node, ['sinks'])
  return {
    ...draftComponent('sinkGroups', path, node, ['sinks']),
    sinks: sinks?.kind === 'sequence' ? sinks.items.map((item) => textAt(item, [])) : [undefined],
  }
}

function draftComponent(
  kind: CatalogKind,
  path: Path,
  node: MappingNode,
  known: readonly string[] = [],
): ComponentDraft {
  return {
    ...draftUnion(kind, path, node, ['name', ...known]),
    name: textAt(node, ['name']),
  }
}

function draftUnion(
  kind: CatalogKind,
  path: Path,
  node: MappingNode,
  known: readonly string[],
): UnionDraft {
  const possible = typesOf(kind)
  const keys = [...node.entries.keys()].filter((key) => !known.includes(key))
  const types = keys.filter((key) => possible.includes(key))
  const [type] = types
  const entries: Readonly<Record<string, { readonly schema: z.ZodType }>> = catalog[kind]
  const parsed =
    types.length === 1
      ? entries[type!]!.schema.safeParse(toValue(node.entries.get(type!)!.value))
      : undefined
  return { path, types, unknownKeys: keys.length > types.length, config: parsed?.data }
}

function textAt(root: YamlNode, path: Path): string | undefined {
  const node = nodeAt(root, path)
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined
}

/** undefined: not given; null: given, but no text. */
function nameAt(root: YamlNode, path: Path): string | null | undefined {
  return nodeAt(root, path) === undefined ? undefined : (textAt(root, path) ?? null)
}

/** The mappings of a list, with their paths; anything else in it was reported by the schema. */
function mappingsAt(root: YamlNode, path: Path): [Path, MappingNode][] {
  const list = nodeAt(root, path)
  if (list?.kind !== 'sequence') return []
  return list.items.flatMap((item, i) =>
    item.kind === 'mapping' ? [[[...path, i], item] as [Path, MappingNode]] : [],
  )
}
