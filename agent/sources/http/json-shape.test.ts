import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { shapeOf } from './json-shape.ts'

it('tells whether members of objects are numbers', () => {
  for (const text of ['{"a":1}', '{"a" : -2}', '[{"a":"\\"1\\\\","x":0.5}]'])
    expect(shapeOf(text, 9), text).toEqual({ hasNumbers: true })
  for (const text of ['[1,{"a":"1"}]', '{":1":true}', '[{"body":"\\\\\\":1"}]', '{"a":'])
    expect(shapeOf(text, 9), text).toEqual({ hasNumbers: false })
})

it('counts events, and nothing inside of them', () => {
  expect(shapeOf('[{"a":[1,2]},{"b":","}]', 2)).toEqual({ hasNumbers: false })
  expect(shapeOf('[{},{},{}]', 2)).toMatchObject({
    status: 413,
    reason: expect.stringContaining('more than 2 events') as string,
  })
})

it('refuses text with more objects and arrays than its events can need', () => {
  const inner = '[],'.repeat(100)
  expect(shapeOf(`[{"x":[${inner}1]}]`, 10)).toMatchObject({ status: 413 })
})

it('refuses an object with more members than there may be headers', () => {
  const object = (members: number): string => `{"x":1${',"x":1'.repeat(members - 1)}}`
  expect(shapeOf(`[${object(2048)},${object(2048)}]`, 10)).toEqual({ hasNumbers: true })
  expect(shapeOf(`[{"headers":${object(2049)}}]`, 10)).toMatchObject({
    status: 413,
    reason: expect.stringContaining('2048 members') as string,
  })
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
      expect(shapeOf(JSON.stringify(events), 1000)).toEqual({ hasNumbers: /:[-\d]/.test(numbers) })
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
