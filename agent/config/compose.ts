import { EVENT_ID, YAMLException, constructFromEvents, getScalarValue } from 'js-yaml'
import type { DocumentEvent, Event, ScalarEvent } from 'js-yaml'
import type { MappingNode, ScalarNode, SequenceNode, YamlNode } from './node.ts'

/** Collections within collections, aliases expanded. Our deepest manifest has about ten levels. */
export const DEPTH_MAX = 64

/**
 * Nodes of one document, aliases expanded. A chain of ten aliases of ten aliases … is a few hundred
 * bytes of text and would be gigabytes of data.
 */
const NODES_MAX = 100_000

/** What is wrong with the text itself. */
export interface SyntaxProblem {
  readonly line: number
  readonly message: string
}

export interface ParsedText {
  /** Roots of the documents, in order; an empty document is a null. */
  readonly documents: readonly YamlNode[]
  readonly problems: readonly SyntaxProblem[]
}

/** Turns the parser's events into nodes with lines. Reports what our manifests do not allow. */
export function composeDocuments(
  events: readonly Event[],
  source: string,
  lineAt: (offset: number) => number,
): ParsedText {
  return new Composer(events, source, lineAt).run()
}

/** A finished node with what it adds to the document. */
interface Built {
  readonly node: YamlNode
  readonly size: number
  readonly depth: number
}

interface Frame {
  readonly node: SequenceNode | MappingNode
  readonly anchor: string | undefined
  /** The key that waits for its value. */
  key: { readonly text: string; readonly line: number } | undefined
  size: number
  depth: number
}

class Composer {
  readonly #events: readonly Event[]
  readonly #source: string
  readonly #lineAt: (offset: number) => number
  readonly #documents: YamlNode[] = []
  readonly #problems: SyntaxProblem[] = []
  readonly #frames: Frame[] = []
  /** undefined: begun and not ended, so that an alias to it would contain itself. */
  readonly #anchors = new Map<string, Built | undefined>()
  #document: DocumentEvent | undefined
  /** Empty scalars have no place of their own: they stand where the last text stood. */
  #offset = 0

  constructor(events: readonly Event[], source: string, lineAt: (offset: number) => number) {
    this.#events = events
    this.#source = source
    this.#lineAt = lineAt
  }

  run(): ParsedText {
    for (const event of this.#events) {
      if (!this.#step(event)) return { documents: [], problems: this.#problems }
    }
    return { documents: this.#documents, problems: this.#problems }
  }

  /** False when the rest of the text must not be looked at. */
  #step(event: Event): boolean {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        this.#document = event
        this.#anchors.clear()
        return true
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING:
        this.#offset = event.start
        this.#open(event)
        return true
      case EVENT_ID.SCALAR:
        if (event.valueStart >= 0) this.#offset = event.valueStart
        return this.#scalar(event)
      case EVENT_ID.ALIAS:
        this.#offset = event.anchorStart
        return this.#alias(this.#source.slice(event.anchorStart, event.anchorEnd))
      case EVENT_ID.POP:
        return this.#close()
      default:
        return true
    }
  }

  #open(event: Exclude<Event, { type: 1 | 4 | 5 | 6 }>): void {
    if (event.tagStart >= 0)
      this.#report(`the tag ${this.#source.slice(event.tagStart, event.tagEnd)} is not supported`)
    const line = this.#line()
    const anchor = this.#anchorOf(event)
    if (anchor !== undefined) this.#anchors.set(anchor, undefined)
    const node: SequenceNode | MappingNode =
      event.type === EVENT_ID.SEQUENCE
        ? { kind: 'sequence', line, items: [] }
        : { kind: 'mapping', line, entries: new Map() }
    this.#frames.push({ node, anchor, key: undefined, size: 1, depth: 1 })
  }

  #close(): boolean {
    const frame = this.#frames.pop()
    // The end of the document.
    if (frame === undefined) return true
    const built = { node: frame.node, size: frame.size, depth: frame.depth }
    if (frame.anchor !== undefined) this.#anchors.set(frame.anchor, built)
    return this.#add(built)
  }

  #scalar(event: ScalarEvent): boolean {
    const frame = this.#frames.at(-1)
    if (frame?.node.kind === 'mapping' && frame.key === undefined) {
      // A key is its text, whatever it would be as a value: the sink type `null` needs no quotes.
      frame.key = { text: getScalarValue(this.#source, event), line: this.#line() }
      return true
    }
    const node: ScalarNode = { kind: 'scalar', line: this.#line(), value: this.#resolve(event) }
    const built = { node, size: 1, depth: 0 }
    const anchor = this.#anchorOf(event)
    if (anchor !== undefined) this.#anchors.set(anchor, built)
    return this.#add(built)
  }

  /** The value by the rules of YAML 1.2: `yes` is text, `true` is not. */
  #resolve(event: ScalarEvent): ScalarNode['value'] {
    const events: Event[] = [this.#document!, event, { type: EVENT_ID.POP }]
    try {
      const [value] = constructFromEvents(events, { source: this.#source })
      return value as ScalarNode['value']
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error
      this.#report(error.reason)
      return null
    }
  }

  #alias(name: string): boolean {
    const target = this.#anchors.get(name)
    if (target === undefined) {
      this.#report(
        this.#anchors.has(name)
          ? `the alias "*${name}" stands inside what it names`
          : `the alias "*${name}" names no anchor "&${name}" above it`,
      )
    }
    return this.#add(
      target ?? { node: { kind: 'scalar', line: this.#line(), value: null }, size: 1, depth: 0 },
    )
  }

  /** Puts a finished node where it belongs. */
  #add(built: Built): boolean {
    const frame = this.#frames.at(-1)
    if (frame === undefined) {
      this.#documents.push(built.node)
      return true
    }
    frame.size += built.size
    frame.depth = Math.max(frame.depth, built.depth + 1)
    if (frame.size > NODES_MAX || frame.depth > DEPTH_MAX) {
      const bound =
        frame.size > NODES_MAX ? `${NODES_MAX} values` : `${DEPTH_MAX} levels of nesting`
      this.#report(`the document has more than ${bound}, its aliases expanded`)
      return false
    }
    if (frame.node.kind === 'sequence') frame.node.items.push(built.node)
    else this.#addEntry(frame, frame.node, built.node)
    return true
  }

  #addEntry(frame: Frame, mapping: MappingNode, value: YamlNode): void {
    const { key } = frame
    if (key === undefined) {
      this.#report('a key must be plain text')
      frame.key = { text: '', line: this.#line() }
      return
    }
    frame.key = undefined
    const earlier = mapping.entries.get(key.text)
    if (earlier !== undefined) {
      this.#problems.push({
        line: key.line,
        message: `the key ${JSON.stringify(key.text)} is given twice, first on line ${earlier.line}`,
      })
    } else if (key.text === '__proto__') {
      this.#problems.push({ line: key.line, message: 'the key "__proto__" is not allowed' })
    } else {
      mapping.entries.set(key.text, { line: key.line, value })
    }
  }

  #anchorOf(event: { readonly anchorStart: number; readonly anchorEnd: number }) {
    return event.anchorStart < 0
      ? undefined
      : this.#source.slice(event.anchorStart, event.anchorEnd)
  }

  #line(): number {
    return this.#lineAt(this.#offset)
  }

  #report(message: string): void {
    this.#problems.push({ line: this.#line(), message })
  }
}
