import { setFlagsFromString } from 'node:v8'

/**
 * Regular expressions of users, in time linear in the text whatever the pattern.
 *
 * V8 runs them on its backtracking engine and, after 50,000 backtracks in one match, falls back to a
 * breadth-first engine. That one cannot run everything: backreferences, lookaheads, the flags i, u
 * and v, and repetitions that would copy a part more than 16 times. A pattern with one of these has
 * no fallback and could hold the event loop for hours, so it is refused.
 */

// The launcher sets this flag too. It has to stand before a pattern is first compiled: V8 caches
// compiled patterns, and one from before would be run without the fallback.
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')

const PROBE_FLAG = 'enable-experimental-regexp-engine'
/** Known to V8 while the probe flag is set. */
const LINEAR_FLAG: string = 'l'

/** Copies the linear engine makes of a repeated part at most, nested repetitions multiplied. */
export const REPETITIONS_MAX = 16

/**
 * Compiles a pattern that `linearRegexpProblem` found nothing wrong with; throws a RangeError
 * otherwise. Without flags, so `^` and `$` are the ends of the text and `.` is no line end.
 */
export function linearRegexp(pattern: string): RegExp {
  const problem = linearRegexpProblem(pattern)
  if (problem !== undefined) throw new RangeError(problem)
  return new RegExp(pattern)
}

/** Why a pattern cannot be used, naming the construct and a cure; undefined when it can. */
export function linearRegexpProblem(pattern: string): string | undefined {
  try {
    // The linear engine cannot say why it refuses, hence the syntax first.
    void new RegExp(pattern)
  } catch (error) {
    const reason = (error as Error).message.replace(/^.*: (?=[^:]*$)/s, '')
    return `the regular expression ${quote(pattern)} is not valid: ${reason}`
  }
  const misread = misreadEscape(pattern)
  if (misread !== undefined) {
    return `the regular expression ${quote(pattern)} uses ${misread}, which JavaScript reads as plain letters; write a character class such as [A-Za-z] instead`
  }
  if (runsInLinearTime(pattern)) return undefined
  const { construct, cure } = refusedConstruct(pattern)
  return `the regular expression ${quote(pattern)} cannot run in linear time because of ${construct}; ${cure}`
}

function quote(pattern: string): string {
  return pattern.length <= 80 ? `"${pattern}"` : `"${pattern.slice(0, 77)}…"`
}

/** Asks V8 itself: its flag `l` demands the linear engine and fails when the engine cannot. */
function runsInLinearTime(pattern: string): boolean {
  setFlagsFromString(`--${PROBE_FLAG}`)
  try {
    void new RegExp(pattern, LINEAR_FLAG)
    return true
  } catch {
    return false
  } finally {
    setFlagsFromString(`--no-${PROBE_FLAG}`)
  }
}

/** Letters that mean something after a backslash when the flags u and v are off. */
const KNOWN_ESCAPES = /^[bBdDwWsSnrtfvcxuk]$/

/**
 * An escape that other dialects know and JavaScript silently takes for a letter: `\p{L}`, `\A`,
 * `\u{61}`. A filter that means something else than it says is worse than none.
 */
function misreadEscape(pattern: string): string | undefined {
  for (const { text, at } of escapes(pattern)) {
    const letter = text[1]!
    if (/[A-Za-z]/.test(letter) && !KNOWN_ESCAPES.test(letter)) return text
    if (letter === 'u' && pattern[at + 2] === '{') return '\\u{…}'
  }
  return undefined
}

function* escapes(pattern: string): Generator<{ readonly text: string; readonly at: number }> {
  for (let i = 0; i < pattern.length - 1; i++) {
    if (pattern[i] !== '\\') continue
    yield { text: pattern.slice(i, i + 2), at: i }
    i++
  }
}

interface Refused {
  readonly construct: string
  readonly cure: string
}

const OPENINGS: readonly (readonly [RegExp, Refused])[] = [
  [/^\(\?[=!]/, { construct: 'a lookahead', cure: 'use two filters, one after the other' }],
  [/^\(\?<[=!]/, { construct: 'a lookbehind', cure: 'use two filters, one after the other' }],
  [
    /^\(\?[a-z]*i[a-z]*[-:]|^\(\?[a-z]*-[a-z]*i[a-z]*:/,
    { construct: 'ignoring case', cure: 'write both cases, such as [Ee]rror' },
  ],
  [
    /^\\(?:[1-9]|k<)/,
    { construct: 'a backreference', cure: 'write the repeated text out, or match less exactly' },
  ],
]

/** Names what the engine refused. Looks at each place outside character classes once. */
function refusedConstruct(pattern: string): Refused {
  let inClass = false
  for (let i = 0; i < pattern.length; i++) {
    const rest = pattern.slice(i, i + 16)
    if (!inClass) {
      const found = OPENINGS.find(([opening]) => opening.test(rest))
      if (found !== undefined) return found[1]
    }
    if (rest.startsWith('\\')) i++
    else if (rest.startsWith('[')) inClass = true
    else if (rest.startsWith(']')) inClass = false
  }
  return {
    construct: `a repetition of more than ${REPETITIONS_MAX} times, nested ones multiplied`,
    cure: 'write a{32} as a{16}a{16}, or use + or *',
  }
}
