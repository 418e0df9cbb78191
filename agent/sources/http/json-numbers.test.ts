import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { quoteNumbers } from './json-numbers.ts'

it.each([
  ['{"a":1}', '{"a":"1"}'],
  ['{"a" : -1.50e+2 , "b":"2"}', '{"a" : "-1.50e+2" , "b":"2"}'],
  ['[1,{"a":[2]},3]', '[1,{"a":[2]},3]'],
  ['{":1":true,"b":"\\":2"}', '{":1":true,"b":"\\":2"}'],
])('makes %s into %s', (text, expected) => {
  expect(quoteNumbers(text)).toBe(expected)
})

it('keeps numbers as they are written, and everything else as it is', () => {
  const asWritten = (_: string, value: unknown, context: { source?: string } = {}): unknown =>
    typeof value === 'number' ? context.source : value
  const noArrays = fc.letrec((tie) => ({
    value: fc.oneof(fc.string(), fc.double(), fc.integer(), fc.boolean(), tie('object')),
    object: fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  })).object
  fc.assert(
    fc.property(noArrays, fc.constantFrom(undefined, 2), (value, space) => {
      const text = JSON.stringify(value, undefined, space)
      expect(JSON.parse(quoteNumbers(text))).toEqual(JSON.parse(text, asWritten))
    }),
  )
})
