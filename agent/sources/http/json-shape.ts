import { badRequest, tooLarge } from './answer.ts'
import type { Answer } from './answer.ts'
import { afterSpace, endOfString, isNumberAt } from './json-scan.ts'

/** Far more than an event needs; deeper text is not worth the memory it would take. */
const DEPTH_MAX = 32
/** Objects and arrays for an event, what it has beside headers and body included. */
const CONTAINERS_PER_EVENT_MAX = 4
/** Of one object. Larger ones are slow to parse, and there may be fewer header names than that. */
const MEMBERS_MAX = 2048

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a

/** What there is to know of JSON before it is parsed. */
export interface Shape {
  /** Whether members of objects are numbers, which JSON.parse would not keep as they are written. */
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
  /** Of the object that is open at each depth. */
  const members = new Uint32Array(DEPTH_MAX + 1)
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
        members[depth] = 0
        break
      case 0x5d: // ]
      case 0x7d: // }
        depth--
        break
      case COMMA:
        if (depth === 1 && ++commas >= eventsMax) return tooMany('events', eventsMax)
        break
      case COLON:
        if (++members[depth]! > MEMBERS_MAX) return tooMany('members in one object', MEMBERS_MAX)
        hasNumbers ||= isNumberAt(text, afterSpace(text, i + 1))
        break
      default:
    }
  }
  return { hasNumbers }
}

function tooDeep(at: number): Answer {
  return badRequest(
    `the JSON is nested deeper than ${DEPTH_MAX} levels at character ${at}; an event has a body of text and headers of text`,
  )
}

function tooMany(what: string, max: number): Answer {
  return tooLarge(`the body has more than ${max} ${what}; send fewer events at a time`)
}
