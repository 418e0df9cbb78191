import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { placeOf, syntaxProblem } from './json-syntax.ts'

describe('syntaxProblem', () => {
  it.each([
    ['', 0, 'an array of events'],
    ['[1] x', 4, 'nothing after the array of events'],
    ['[1,]', 3, 'a value'],
    ['[1 2]', 3, '"," or "]"'],
    ["[{'a':1}]", 2, 'a name in double quotes'],
    ['[{"a" 1}]', 6, '":"'],
    ['[{"a":1 "b":2}]', 8, '"," or "}"'],
    ['[{"a":1,}]', 8, 'a name in double quotes'],
    ['["a', 3, 'the quote that ends the string'],
    ['["\\q"]', 2, 'an escape such as \\n, \\" or \\u0041'],
    ['["\\u12"]', 2, 'an escape such as \\n, \\" or \\u0041'],
    ['["a\nb"]', 3, 'control characters as escapes, such as \\n'],
    ['[01]', 2, '"," or "]"'],
    ['[1.]', 2, '"," or "]"'],
    ['[NaN]', 1, 'a value'],
    ['[tru]', 1, 'a value'],
    ['{["a": "b"],"body": "random_body"}', 1, 'a name in double quotes'],
  ])('%j stops at %i: expected %s', (text, at, expected) => {
    expect(syntaxProblem(text)).toEqual({ at, expected })
  })

  const pieces = ['[', ']', '{', '}', '"', ',', ':', '\\', 'u00', 'a', '0', '-1', '.5', 'e+', ' ']
  const words = ['true', 'null', '\n', '\u0001', '\u00a0', '"k"', '"k":', '"\\n"', '1e400']

  it('agrees with JSON.parse on what is JSON, and on the place where it gives one', () => {
    const text = fc
      .array(fc.constantFrom(...pieces, ...words), { maxLength: 12 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(text, fc.json(), mutated(fc.json())), (candidate) => {
        const problem = syntaxProblem(candidate)
        const refusal = refusalOf(candidate)
        expect(problem === undefined).toBe(refusal === undefined)
        if (problem === undefined) return
        // What is left before the place can still become JSON, or the place would be earlier.
        expect(syntaxProblem(candidate.slice(0, problem.at))?.at ?? problem.at).toBe(problem.at)
      }),
      { numRuns: 5000 },
    )
  })
})

function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(text, fc.nat(), fc.nat({ max: 3 }), fc.constantFrom('', ',', '"', ']', '}', '\\', 'x'))
    .map(([each, at, removed, added]) => {
      const place = at % (each.length + 1)
      return each.slice(0, place) + added + each.slice(place + removed)
    })
}

function refusalOf(text: string): unknown {
  try {
    JSON.parse(text)
    return undefined
  } catch (thrown) {
    return thrown
  }
}

describe('placeOf', () => {
  it.each([
    ['', 0, 'line 1, column 1'],
    ['ab', 1, 'line 1, column 2'],
    ['a\nb', 1, 'line 1, column 2'],
    ['a\nb', 2, 'line 2, column 1'],
    ['a\n\nbc', 4, 'line 3, column 2'],
  ])('%j at %i', (text, at, expected) => {
    expect(placeOf(text, at)).toBe(expected)
  })
})
