/** Where text stops being JSON, and what could stand there. */
export interface SyntaxProblem {
  /** Index in the text; its length when something is missing at the end. */
  readonly at: number
  readonly expected: string
}

/**
 * Finds the first mistake in text that JSON.parse refused, whose messages do not always tell the place.
 * undefined for text that is JSON (RFC 8259). Calls itself for each level of nesting: check the depth
 * first.
 */
export function syntaxProblem(text: string): SyntaxProblem | undefined {
  const reader = new Reader(text)
  try {
    reader.document()
    return undefined
  } catch (thrown) {
    if (thrown instanceof Mistake) return { at: thrown.at, expected: thrown.expected }
    throw thrown
  }
}

/** A place in words: lines and columns count from 1. */
export function placeOf(text: string, at: number): string {
  let line = 1
  let start = 0
  for (let end = text.indexOf('\n'); end !== -1 && end < at; end = text.indexOf('\n', start)) {
    line++
    start = end + 1
  }
  return `line ${line}, column ${at - start + 1}`
}

class Mistake extends Error {
  readonly at: number
  readonly expected: string

  constructor(at: number, expected: string) {
    super(expected)
    this.at = at
    this.expected = expected
  }
}

const SPACE = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
/** Characters of a string that stand for themselves. */
// oxlint-disable-next-line no-control-regex -- JSON forbids them in strings, so they are named here.
const PLAIN = /[^"\\\u0000-\u001f]*/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const WORD = /true|false|null/y

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): void {
    this.#value('an array of events')
    if (this.#at < this.#text.length) this.#fail('nothing after the array of events')
  }

  #value(expected: string): void {
    this.#skip(SPACE)
    const next = this.#text[this.#at]
    if (next === '{') this.#object()
    else if (next === '[') this.#array()
    else if (next === '"') this.#string()
    else if (!this.#skip(NUMBER) && !this.#skip(WORD)) this.#fail(expected)
    this.#skip(SPACE)
  }

  #object(): void {
    this.#at++
    this.#skip(SPACE)
    if (this.#take('}')) return
    do {
      this.#skip(SPACE)
      if (this.#text[this.#at] !== '"') this.#fail('a name in double quotes')
      this.#string()
      this.#skip(SPACE)
      if (!this.#take(':')) this.#fail('":"')
      this.#value('a value')
    } while (this.#take(','))
    if (!this.#take('}')) this.#fail('"," or "}"')
  }

  #array(): void {
    this.#at++
    this.#skip(SPACE)
    if (this.#take(']')) return
    do this.#value('a value')
    while (this.#take(','))
    if (!this.#take(']')) this.#fail('"," or "]"')
  }

  #string(): void {
    this.#at++
    do this.#skip(PLAIN)
    while (this.#skip(ESCAPE))
    if (this.#take('"')) return
    const next = this.#text[this.#at]
    if (next === undefined) this.#fail('the quote that ends the string')
    if (next === '\\') this.#fail('an escape such as \\n, \\" or \\u0041')
    this.#fail('control characters as escapes, such as \\n')
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  /** Passes over a match at this place; false for none and for an empty one. */
  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    if (!pattern.test(this.#text)) return false
    const skipped = pattern.lastIndex > this.#at
    this.#at = pattern.lastIndex
    return skipped
  }

  #fail(expected: string): never {
    throw new Mistake(this.#at, expected)
  }
}
