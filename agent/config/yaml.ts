import { YAMLException, parseEvents } from 'js-yaml'
import type { Event } from 'js-yaml'
import { DEPTH_MAX, composeDocuments } from './compose.ts'
import type { ParsedText, SyntaxProblem } from './compose.ts'
import type { YamlNode } from './node.ts'

/**
 * Parses YAML text of one or more documents. Never throws: what cannot be parsed is reported, and
 * the documents before and after it are still read.
 */
export function parseYaml(text: string): ParsedText {
  const documents: YamlNode[] = []
  const problems: SyntaxProblem[] = []
  const lines = new Lines(text)
  for (const part of splitDocuments(text)) {
    const lineAt = (offset: number): number => lines.at(part.start + offset)
    const composed = parsePart(part.text, lineAt)
    documents.push(...composed.documents)
    problems.push(...composed.problems)
  }
  return { documents, problems }
}

function parsePart(text: string, lineAt: (offset: number) => number): ParsedText {
  let events: Event[]
  try {
    events = parseEvents(text, { maxDepth: DEPTH_MAX })
  } catch (error) {
    // The library's documentation: "All exceptions MUST be caught, not just YAMLException".
    const position = error instanceof YAMLException ? error.mark?.position : undefined
    return { documents: [], problems: [{ line: lineAt(position ?? 0), message: explain(error) }] }
  }
  return composeDocuments(events, text, lineAt)
}

/** The library's reasons are short; the common slips get their cure. */
function explain(error: unknown): string {
  const reason = error instanceof YAMLException ? error.reason : String(error)
  if (reason.includes('tab characters'))
    return 'a tab is used for indentation. YAML allows spaces only'
  if (reason.includes('null byte')) return 'the text has a NUL byte: it is no YAML'
  if (reason.includes('maxDepth')) return `nested more than ${DEPTH_MAX} levels deep`
  if (reason.includes('non-printable')) return 'the text has a character that YAML does not allow'
  return `${reason}. Check indentation, quotes and brackets on this line and the one before`
}

interface Part {
  readonly text: string
  readonly start: number
}

/**
 * Cuts the text before every `---` line, with the directives above it, so that a mistake in one
 * document does not hide the others. YAML allows such a line nowhere but between documents.
 */
function splitDocuments(text: string): Part[] {
  const starts = [0]
  for (const match of text.matchAll(/^(?:%[^\r\n]*\r?\n)*---(?=[ \t\r\n]|$)/gm)) {
    if (match.index > 0) starts.push(match.index)
  }
  return starts.map((start, i) => ({ text: text.slice(start, starts[i + 1]), start }))
}

/** Offsets to line numbers. A line ends with LF, CR LF or CR. */
class Lines {
  readonly #starts: number[]

  constructor(text: string) {
    this.#starts = [0]
    for (const match of text.matchAll(/\r\n|\n|\r/g))
      this.#starts.push(match.index + match[0].length)
  }

  at(offset: number): number {
    let low = 0
    let high = this.#starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.#starts[middle]! <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}
