import { badRequest, tooLarge } from './answer.ts'
import type { Answer } from './answer.ts'

/** Far more than an event needs; deeper text is not worth the memory it would take. */
const DEPTH_MAX = 32
/** Objects and arrays for an event, what it has beside headers and body included. */
const CONTAINERS_PER_EVENT_MAX = 4

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c

/** What there is to know of JSON before it is parsed. */
export interface Shape {
  /** Whether there are numbers in it, which JSON.parse would not keep as they are written. */
  readonly hasNumbers: boolean
}

/**
 * Looks at text before it is parsed: one pass that counts brackets and skips strings, so that no body
 * makes the parser allocate a multiple of what a body of events does. Does not check the syntax: of text
 * that is no JSON it may say anything.
 */
export function shapeOf(text: string, eventsMax: number): Shape | Answer {
  const containersMax = CONTAINERS_PER_EVENT_MAX * eventsMax + 1
  let [depth, containers, commas] = [0, 0, 0]
  let hasNumbers = false
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i)
        break
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > DEPTH_MAX) return tooDeep(i)
        if (++containers > containersMax) return tooMany('objects and arrays', containersMax)
        break
      case 0x5d: // ]
      case 0x7d: // }
        depth--
        break
      case COMMA:
        if (depth === 1 && ++commas >= eventsMax) return tooMany('events', eventsMax)
        break
      default:
        hasNumbers ||= isDigit(text.charCodeAt(i))
    }
  }
  return { hasNumbers }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** Index of the quote that ends the string beginning at `start`; the length when none does. */
function endOfString(text: string, start: number): number {
  let quote = start
  do {
    quote = text.indexOf('"', quote + 1)
    if (quote === -1) return text.length
  } while (isEscaped(text, quote))
  return quote
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++
  return backslashes % 2 === 1
}

function tooDeep(at: number): Answer {
  return badRequest(
    `the JSON is nested deeper than ${DEPTH_MAX} levels at character ${at}; an event has a body of text and headers of text`,
  )
}

function tooMany(what: string, max: number): Answer {
  return tooLarge(`the body has more than ${max} ${what}; send fewer events at a time`)
}
