import type { z } from 'zod'
import { ERROR_CODES } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'
import { knownKeys } from './known-keys.ts'
import { keyLineOf, lineOf, nodeAt, toValue } from './node.ts'
import type { Path, YamlNode } from './node.ts'
import { cure, listed, nearest } from './suggest.ts'

/** A problem before its file is known. */
export interface Finding {
  readonly code: ErrorCode
  readonly path: Path
  readonly line: number
  readonly message: string
}

type Issue = z.core.$ZodIssue

/** Stands for "the schema's author gave no message": a text of ours follows, not the library's. */
const NO_MESSAGE = '\0'
/** Of values in messages; longer ones are cut. */
const SHOWN_LENGTH_MAX = 60

/** Checks a document and says in plain words what is wrong, where and how to cure it. */
export function explainProblems(schema: z.ZodType, root: YamlNode): Finding[] {
  const result = schema.safeParse(toValue(root), { error: () => NO_MESSAGE })
  if (result.success) return []
  const { issues } = result.error
  // A list where text belongs is also a text that is too short, by its length: once is enough.
  const mistyped = new Set(
    issues.filter((issue) => issue.code === 'invalid_type').map((issue) => pathKey(issue)),
  )
  const explain = new Explainer(schema, root)
  return issues
    .filter((issue) => issue.code === 'invalid_type' || !mistyped.has(pathKey(issue)))
    .flatMap((issue) => explain.issue(issue, []))
    .filter(({ path }) => !explain.isMisspelt(path))
}

function pathKey(issue: Issue): string {
  return JSON.stringify(issue.path)
}

class Explainer {
  readonly #schema: z.ZodType
  readonly #root: YamlNode
  /** Keys that unknown ones most likely mean: that they are missing says the same mistake again. */
  readonly #meant = new Set<string>()

  constructor(schema: z.ZodType, root: YamlNode) {
    this.#schema = schema
    this.#root = root
  }

  /** Whether the key is not there because it was written wrong, which was reported. */
  isMisspelt(path: Path): boolean {
    return this.#meant.has(JSON.stringify(path)) && nodeAt(this.#root, path) === undefined
  }

  /** `base` is where the paths of the issue begin. */
  issue(issue: Issue, base: Path): Finding[] {
    const path = [...base, ...(issue.path as Path)]
    if (issue.code === 'unrecognized_keys') return this.#unknownKeys(issue.keys, path)
    if (issue.code === 'invalid_union' && issue.message === NO_MESSAGE)
      return this.#union(issue.errors, path)
    const node = nodeAt(this.#root, path)
    const line = lineOf(this.#root, path)
    if (issue.code === 'invalid_key') {
      const reason = issue.issues.map((each) => expectation(each)).join('; ')
      const keyLine = keyLineOf(this.#root, path)
      return [
        { code: 'FLM1202', path, line: keyLine, message: `this key is not allowed: ${reason}` },
      ]
    }
    if (node === undefined && issue.code !== 'custom') {
      const message = `required key is missing: ${expectation(issue)}`
      return [{ code: 'FLM1201', path, line, message }]
    }
    return [{ code: codeOf(issue), path, line, message: wrongValue(issue, node) }]
  }

  #unknownKeys(keys: readonly string[], path: Path): Finding[] {
    const known = knownKeys(this.#schema, path)
    for (const key of keys) {
      const meant = nearest(key, known)
      if (meant !== undefined) this.#meant.add(JSON.stringify([...path, meant]))
    }
    return keys.map((key) => ({
      code: 'FLM1203',
      path: [...path, key],
      line: keyLineOf(this.#root, [...path, key]),
      message: `unknown key.${cure(key, known, 'keys')}`,
    }))
  }

  /** Speaks of the alternative that fits best: the one whose first mistake lies deepest. */
  #union(alternatives: readonly (readonly Issue[])[], path: Path): Finding[] {
    const depths = alternatives.map((issues) => issues[0]?.path.length ?? 0)
    const deepest = Math.max(0, ...depths)
    if (deepest > 0)
      return alternatives[depths.indexOf(deepest)]!.flatMap((issue) => this.issue(issue, path))
    const node = nodeAt(this.#root, path)
    const expected = alternatives.map(([issue]) => expectation(issue!).replace('expected ', ''))
    return [
      {
        code: node === undefined ? 'FLM1201' : 'FLM1202',
        path,
        line: lineOf(this.#root, path),
        message: `${node === undefined ? 'required key is missing: ' : ''}expected ${expected.join(' or ')}${got(node)}`,
      },
    ]
  }
}

/** Schemas name the code of their own checks in `params: { code }`. */
function codeOf(issue: Issue): ErrorCode {
  const code: unknown = issue.code === 'custom' ? issue.params?.['code'] : undefined
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code)
    ? (code as ErrorCode)
    : 'FLM1202'
}

function wrongValue(issue: Issue, node: YamlNode | undefined): string {
  const expected = expectation(issue)
  if (issue.code === 'custom' && (node?.kind !== 'scalar' || !expected.startsWith('expected ')))
    return expected
  return `${expected}${got(node)}${slip(issue, node)}`
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
}

/** `expected …`: what would have been right. */
function expectation(issue: Issue): string {
  if (issue.message !== NO_MESSAGE) return issue.message
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPES[issue.expected] ?? issue.expected}`
    case 'invalid_value': {
      const values = issue.values.map(String)
      return values.length === 1 ? `expected ${values[0]}` : `expected one of ${listed(values)}`
    }
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${amount(issue.minimum, issue.origin)}`
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${amount(issue.maximum, issue.origin)}`
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`
    case 'invalid_format':
      return `expected text of the form ${issue.pattern ?? issue.format}`
    case 'custom':
    case 'invalid_element':
    case 'invalid_key':
    case 'invalid_union':
    case 'unrecognized_keys':
      break
  }
  return 'expected another value'
}

function amount(value: number | bigint, origin: string): string {
  if (origin === 'string') return `${value} ${value === 1 ? 'character' : 'characters'}`
  if (origin === 'array') return `${value} ${value === 1 ? 'entry' : 'entries'}`
  return String(value)
}

/** `, got "x"` */
function got(node: YamlNode | undefined): string {
  if (node === undefined) return ''
  if (node.kind === 'sequence') return `, got a list of ${amount(node.items.length, 'array')}`
  if (node.kind === 'mapping') return ', got a mapping of keys to values'
  if (node.value === null) return ', got nothing'
  const shown = JSON.stringify(node.value)
  return `, got ${shown.length > SHOWN_LENGTH_MAX ? `${shown.slice(0, SHOWN_LENGTH_MAX)}…` : shown}`
}

/** The cure of common slips. */
function slip(issue: Issue, node: YamlNode | undefined): string {
  if (node?.kind !== 'scalar') return ''
  if (issue.code === 'invalid_value' && issue.values.length > 1) {
    const near = nearest(String(node.value), issue.values.map(String))
    return near === undefined ? '' : `. Did you mean ${JSON.stringify(near)}?`
  }
  if (issue.code !== 'invalid_type') return ''
  if (
    issue.expected === 'string' &&
    (typeof node.value === 'number' || node.value === true || node.value === false)
  )
    return `. Put it in quotes: "${node.value}"`
  if (issue.expected === 'object' && node.value === null) return '. Write {} for all defaults'
  if (issue.expected === 'array' && typeof node.value === 'string')
    return `. Write a list: [${JSON.stringify(node.value)}]`
  return ''
}
