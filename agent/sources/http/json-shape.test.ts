import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { shapeOf } from './json-shape.ts'

it('tells whether there are numbers outside of strings', () => {
  expect(shapeOf('[{"body":"1"}]', 9)).toEqual({ hasNumbers: false })
  expect(shapeOf('[{"body":1}]', 9)).toEqual({ hasNumbers: true })
  expect(shapeOf('[{"body":"\\"1\\\\","x":-2}]', 9)).toEqual({ hasNumbers: true })
  expect(shapeOf('[{"body":"\\\\\\"1"}]', 9)).toEqual({ hasNumbers: false })
})

it('counts events, and nothing inside of them', () => {
  expect(shapeOf('[{"a":[1,2]},{"b":","}]', 2)).toEqual({ hasNumbers: true })
  expect(shapeOf('[{},{},{}]', 2)).toMatchObject({
    status: 413,
    reason: expect.stringContaining('more than 2 events') as string,
  })
})

it('refuses text with more objects and arrays than its events can need', () => {
  const inner = '[],'.repeat(100)
  expect(shapeOf(`[{"x":[${inner}1]}]`, 10)).toMatchObject({ status: 413 })
})

it('refuses what is nested deeply, wherever it ends', () => {
  for (const text of ['['.repeat(1_000_000), `${'['.repeat(100)}${']'.repeat(100)}`]) {
    expect(shapeOf(text, 1000)).toMatchObject({ status: 400 })
  }
  expect(shapeOf(`[{"x":${'['.repeat(30)}${']'.repeat(30)}}]`, 1000)).toEqual({ hasNumbers: false })
})

it('agrees with the parser on JSON of any kind', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 4 })), (events) => {
      const count = Math.max(1, events.length)
      const numbers = JSON.stringify(events).replaceAll(/"(?:[^"\\]|\\.)*"/g, '')
      expect(shapeOf(JSON.stringify(events), 1000)).toEqual({ hasNumbers: /\d/.test(numbers) })
      if (count > 1) {
        expect(shapeOf(JSON.stringify(events), count - 1)).toMatchObject({ status: 413 })
      }
    }),
  )
})

it('ends on text that is no JSON', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from('[]{}",:\\1a ')) }), (text) => {
      expect(shapeOf(text, 10)).toBeTypeOf('object')
    }),
  )
})
