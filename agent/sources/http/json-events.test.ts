import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyAt, headersAt } from '../../core/batch.ts'
import { isAnswer } from './answer.ts'
import { eventsOf } from './json-events.ts'

const LIMITS = { eventsMax: 1000, eventBytesMax: 1 << 20 }

function taken(text: string, limits = LIMITS): [Record<string, string>, string][] {
  const batch = eventsOf(text, 'utf-8', limits)
  if (isAnswer(batch)) throw new Error(batch.reason)
  return Array.from({ length: batch.count }, (_, i) => [
    { ...headersAt(batch, i) },
    bodyAt(batch, i).toString(),
  ])
}

function refused(text: string, limits = LIMITS): string {
  const answer = eventsOf(text, 'utf-8', limits)
  if (!isAnswer(answer)) throw new Error(`${answer.count} events were taken`)
  return `${answer.status} ${answer.reason}`
}

describe('eventsOf', () => {
  it('takes headers and bodies', () => {
    expect(taken('[{"headers":{"a":"b"},"body":"x"},{"body":"é","more":[{}]}]')).toEqual([
      [{ a: 'b' }, 'x'],
      [{}, 'é'],
    ])
  })

  it.each(['{}', '{"headers":null}', '{"body":null}', '{"headers":{"a":null}}'])(
    'takes %s as an event without headers and body',
    (event) => {
      expect(taken(`[${event}]`)).toEqual([[{}, '']])
    },
  )

  it('takes numbers and booleans as they are written', () => {
    expect(taken('[{"headers":{"n":1.0,"t":true},"body":12345678901234567890}]')).toEqual([
      [{ n: '1.0', t: 'true' }, '12345678901234567890'],
    ])
    expect(taken('[{"body":1e400},{"body":-0},{"body":false},{"body":"1"}]')).toEqual([
      [{}, '1e400'],
      [{}, '-0'],
      [{}, 'false'],
      [{}, '1'],
    ])
  })

  it('takes headers with names that objects have anyway', () => {
    const [[headers]] = taken('[{"headers":{"__proto__":"a","toString":"b"}}]') as [
      [Record<string, string>, string],
    ]
    expect(Object.entries(headers)).toEqual([
      ['__proto__', 'a'],
      ['toString', 'b'],
    ])
    expect(taken('[{"__proto__":{"body":"not this"}}]')).toEqual([[{}, '']])
  })

  it('takes half a surrogate pair as what it becomes in every charset', () => {
    expect(taken('[{"headers":{"\\ud800":"\\udc00"},"body":"\\ud800"}]')).toEqual([
      [{ '\ufffd': '\ufffd' }, '\ufffd'],
    ])
  })

  it.each([
    ['null', '400 the body is null; expected a JSON array of events: put it in [ ]'],
    ['{"body":"x"}', '400 the body is an object; expected a JSON array of events: put it in [ ]'],
    ['"x"', '400 the body is a single value; expected a JSON array of events: put it in [ ]'],
    ['[{},null]', '400 event 2 is null; expected {"headers": {…}, "body": "…"}'],
    ['[[]]', '400 event 1 is an array; expected {"headers": {…}, "body": "…"}'],
    ['[{"headers":[]}]', '400 the headers of event 1 are an array; expected an object'],
    ['[{"headers":{"a":{}}}]', '400 header "a" of event 1 is an object; expected text'],
    ['[{"body":["x"]}]', '400 the body of event 1 is an array; expected text'],
    ['', '400 the body is not JSON: the end at line 1, column 1, expected an array of events'],
    [
      '[\n {"body":"x",}]',
      '400 the body is not JSON: "}" at line 2, column 14, expected a name in double quotes',
    ],
  ])('refuses %j', (text, expected) => {
    expect(refused(text)).toBe(expected)
  })

  it('names the event that is larger than the channels take', () => {
    const limits = { eventsMax: 10, eventBytesMax: 3 }
    expect(taken('[{"body":"abc"},{"body":""}]', limits)).toHaveLength(2)
    expect(refused('[{"body":"abc"},{"body":"éé"}]', limits)).toBe(
      '413 the body of event 2 has 4 bytes; the channels take at most 3',
    )
  })

  it('takes as many events as it may and no more', () => {
    const limits = { ...LIMITS, eventsMax: 2 }
    expect(taken('[{},{}]', limits)).toHaveLength(2)
    expect(refused('[{},{},{}]', limits)).toMatch(/^413 /)
  })

  it('gives back every event of every request', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 })
    const event = fc.record({ headers: fc.dictionary(text, text), body: text })
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const wanted = events.map(({ headers, body }) => [{ ...headers }, body])
        expect(taken(JSON.stringify(events))).toEqual(wanted)
      }),
    )
  })
})
