import type { ErrorCode } from '../core/errors.ts'
import type { Path } from './node.ts'

/** One mistake in the configuration. */
export interface Problem {
  readonly code: ErrorCode
  /** As it was given on the command line; '' when the mistake is in no file. */
  readonly file: string
  /** Counts from 1; 0 when there is none to name. */
  readonly line: number
  /** `spec.sinks[0].file`; '' for the whole file or document. */
  readonly path: string
  /** What is wrong and the cure. */
  readonly message: string
}

/** `FILE:LINE: FLM1203 spec.sinks[0].fiel: unknown key. Did you mean "file"?` */
export function formatProblem(problem: Problem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}` : problem.file
  const where = place === '' ? '' : `${place}: `
  const what = problem.path === '' ? '' : ` ${problem.path}:`
  return `${where}${problem.code}${what} ${problem.message}`
}

/** `5 errors` */
export function formatCount(problems: readonly Problem[]): string {
  return problems.length === 1 ? '1 error' : `${problems.length} errors`
}

/** `spec.sinks[0].file`; keys that are no plain words are quoted: `metadata.labels["a/b"]`. */
export function formatPath(path: Path): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (!/^[A-Za-z_][-A-Za-z0-9_]*$/.test(step)) text += `[${JSON.stringify(step)}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}

/** Of a message; what users wrote stands in it, and may be of any length. */
const MESSAGE_LENGTH_MAX = 500

/** On one line, without what a terminal would obey, and not endless. */
export function printable(text: string): string {
  const short = text.length > MESSAGE_LENGTH_MAX ? `${text.slice(0, MESSAGE_LENGTH_MAX)}…` : text
  return short.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, (each) => {
    const code = each.codePointAt(0)!.toString(16).padStart(4, '0')
    return `\\u${code}`
  })
}
