/**
 * A parsed manifest with the line of every key and value, so that each message can name the place.
 * Aliases share nodes; the size of the whole, aliases expanded, is bounded where nodes are made
 * (yaml.ts), so that everything here may simply recurse.
 */
export type YamlNode = ScalarNode | SequenceNode | MappingNode

export interface ScalarNode {
  readonly kind: 'scalar'
  /** Counts from 1. */
  readonly line: number
  readonly value: string | number | boolean | null
}

export interface SequenceNode {
  readonly kind: 'sequence'
  readonly line: number
  readonly items: YamlNode[]
}

export interface MappingNode {
  readonly kind: 'mapping'
  readonly line: number
  readonly entries: Map<string, MappingEntry>
}

interface MappingEntry {
  /** Line of the key. */
  readonly line: number
  readonly value: YamlNode
}

/** Keys and list indices from the root of a document. */
export type Path = readonly (string | number)[]

/** The node as plain data, as JSON would give it. */
export function toValue(node: YamlNode): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'sequence') return node.items.map(toValue)
  const result: Record<string, unknown> = {}
  for (const [key, entry] of node.entries) result[key] = toValue(entry.value)
  return result
}

/**
 * Plain data as a node, for manifests that come as such: it has no lines. The depth of the data is bounded
 * where it comes from.
 */
export function fromValue(value: unknown): YamlNode {
  if (Array.isArray(value)) return { kind: 'sequence', line: 0, items: value.map(fromValue) }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => [key, { line: 0, value: fromValue(each) }] as const)
    return { kind: 'mapping', line: 0, entries: new Map(entries) }
  }
  const isScalar = ['string', 'number', 'boolean'].includes(typeof value)
  return { kind: 'scalar', line: 0, value: isScalar ? (value as string | number | boolean) : null }
}

/** The node at `path`, or undefined when there is none. */
export function nodeAt(root: YamlNode, path: Path): YamlNode | undefined {
  let node: YamlNode | undefined = root
  for (const step of path) {
    if (node?.kind === 'mapping') node = node.entries.get(String(step))?.value
    else if (node?.kind === 'sequence') node = node.items[Number(step)]
    else return undefined
  }
  return node
}

/**
 * The line to show for `path`: of a scalar its own, of anything below a key the key's. For what is
 * not there, the line of what it is missing from.
 */
export function lineOf(root: YamlNode, path: Path): number {
  let node = root
  let line = root.line
  for (const step of path) {
    if (node.kind === 'mapping') {
      const entry = node.entries.get(String(step))
      if (entry === undefined) return line
      line = entry.value.kind === 'scalar' ? entry.value.line : entry.line
      node = entry.value
    } else {
      const item = node.kind === 'sequence' ? node.items[Number(step)] : undefined
      if (item === undefined) return line
      line = item.line
      node = item
    }
  }
  return line
}

/** The line of the key that ends `path`; as lineOf when the path ends in a list index. */
export function keyLineOf(root: YamlNode, path: Path): number {
  const parent = nodeAt(root, path.slice(0, -1))
  const entry = parent?.kind === 'mapping' ? parent.entries.get(String(path.at(-1))) : undefined
  return entry?.line ?? lineOf(root, path)
}
