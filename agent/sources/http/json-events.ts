import type { Batch, Headers } from '../../core/batch.ts'
import { badRequest, isAnswer, tooLarge } from './answer.ts'
import type { Answer } from './answer.ts'
import { encode } from './charset.ts'
import type { Charset } from './charset.ts'
import { HeaderTable, shown } from './header-table.ts'
import { quoteNumbers } from './json-numbers.ts'
import { shapeOf } from './json-shape.ts'
import { placeOf, syntaxProblem } from './json-syntax.ts'

export interface EventLimits {
  readonly eventsMax: number
  /** The largest body that the channels take. */
  readonly eventBytesMax: number
}

/**
 * The events of a request: a JSON array of `{"headers": {name: value}, "body": text}`, as Flume's JSON
 * handler takes it. Headers may be left out, numbers and booleans count as the text they are written
 * with, a body that is null or left out is empty, a header that is null is left out, and further members
 * of an event are ignored. JSON itself is strict: no single quotes, comments or trailing commas. Half a
 * surrogate pair, which JSON can express and no charset can, becomes U+FFFD.
 *
 * What is wrong with the text is an answer; nothing a client sends makes it throw.
 */
export function eventsOf(text: string, charset: Charset, limits: EventLimits): Batch | Answer {
  const parsed = parse(text, limits.eventsMax)
  if (isAnswer(parsed)) return parsed
  const collected = collect(parsed.value)
  if (isAnswer(collected)) return collected
  const { bodies, ends } = encode(collected.texts, charset)
  const problem = sizeProblem(ends, limits.eventBytesMax)
  if (problem !== undefined) return problem
  return {
    count: ends.length,
    bodies,
    ends,
    gap: 0,
    headers: collected.headers,
    origin: undefined,
    ids: undefined,
    appendedAtMs: undefined,
  }
}

function parse(text: string, eventsMax: number): { readonly value: unknown } | Answer {
  const shape = shapeOf(text, eventsMax)
  if (isAnswer(shape)) return shape
  try {
    const value: unknown = JSON.parse(text)
    return { value: shape.hasNumbers ? JSON.parse(quoteNumbers(text)) : value }
  } catch (thrown) {
    const problem = syntaxProblem(text)
    if (problem === undefined) throw thrown
    const { at, expected } = problem
    const found = at < text.length ? JSON.stringify(text[at]) : 'the end'
    return badRequest(
      `the body is not JSON: ${found} at ${placeOf(text, at)}, expected ${expected}`,
    )
  }
}

type Json = Readonly<Record<string, unknown>>

/** What is looked at in an event. */
interface EventJson {
  readonly headers?: unknown
  readonly body?: unknown
}

interface Collected {
  readonly texts: readonly string[]
  readonly headers: Headers
}

function collect(value: unknown): Collected | Answer {
  if (!Array.isArray(value))
    return badRequest(
      `the body is ${nameOf(value)}; expected a JSON array of events: put it in [ ]`,
    )
  const texts: string[] = []
  const table = new HeaderTable(value.length)
  for (let i = 0; i < value.length; i++) {
    const event: unknown = value[i]
    if (!isObject(event))
      return badRequest(
        `event ${i + 1} is ${nameOf(event)}; expected {"headers": {…}, "body": "…"}`,
      )
    const { headers, body } = event as EventJson
    const text = textOf(body)
    if (text === undefined)
      return badRequest(`the body of event ${i + 1} is ${nameOf(body)}; expected text`)
    texts.push(text ?? '')
    const problem = addHeaders(table, i, headers)
    if (problem !== undefined) return problem
  }
  return { texts, headers: table.headers() }
}

function addHeaders(table: HeaderTable, i: number, headers: unknown): Answer | undefined {
  if (headers === undefined || headers === null) return undefined
  if (!isObject(headers))
    return badRequest(`the headers of event ${i + 1} are ${nameOf(headers)}; expected an object`)
  for (const name of Object.keys(headers)) {
    const text = textOf(headers[name])
    if (text === undefined)
      return badRequest(
        `header ${shown(name)} of event ${i + 1} is ${nameOf(headers[name])}; expected text`,
      )
    if (text === null) continue
    const problem = table.set(i, name.toWellFormed(), text.toWellFormed())
    if (problem !== undefined) return problem
  }
  return undefined
}

/** null for what is null or left out, undefined for what is no text. */
function textOf(value: unknown): string | null | undefined {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return null
  return typeof value === 'boolean' ? String(value) : undefined
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : 'a single value'
}

function sizeProblem(ends: Uint32Array, eventBytesMax: number): Answer | undefined {
  for (let i = 0; i < ends.length; i++) {
    const bytes = ends[i]! - (i === 0 ? 0 : ends[i - 1]!)
    if (bytes > eventBytesMax)
      return tooLarge(
        `the body of event ${i + 1} has ${bytes} bytes; the channels take at most ${eventBytesMax}`,
      )
  }
  return undefined
}
