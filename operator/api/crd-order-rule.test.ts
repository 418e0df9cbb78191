import { expect, test } from 'vitest'
import { z } from 'zod'
import { byteSize, duration } from '../../agent/core/schema.ts'
import { orderRule } from './crd-order-rule.ts'

const entry = {
  schema: z.strictObject({
    part: byteSize().optional(),
    whole: byteSize().prefault('1Ki'),
    short: duration().prefault('5s'),
    long: duration().prefault('1m'),
    few: z.int().default(3),
    many: z.int().default(9),
  }),
}

const rule = (unit: 'size' | 'duration' | 'number', low: string, high: string, factor?: number) =>
  orderRule(entry, {
    unit,
    low,
    high,
    at: low,
    message: 'm',
    ...(factor !== undefined && { factor }),
  })

test('numbers are compared with their defaults', () => {
  expect(rule('number', 'few', 'many')).toEqual({
    rule: '(has(self.few) ? self.few : 3) <= (has(self.many) ? self.many : 9)',
    fieldPath: '.few',
    message: 'm',
  })
})

test('sizes as bytes, whether they are numbers or texts, and a field without default as nothing', () => {
  const { rule: text } = rule('size', 'part', 'whole', 4)
  expect(text).toContain('.asApproximateFloat()) : 0.0) * 4.0 <= (has(self.whole) ? ')
  expect(text).toMatch(/ : 1024\.0\)$/)
})

test('durations as seconds', () => {
  const { rule: text } = rule('duration', 'short', 'long')
  expect(text).toContain(' : 5.0) <= (has(self.long) ? ')
  expect(text).toMatch(/ : 60\.0\)$/)
})

test('what has not its form is left to the rule about the form', () => {
  expect(rule('duration', 'short', 'long').rule).toMatch(
    /^!\(has\(self\.short\) \? self\.short\.matches\(.*\) : true\) \|\| /,
  )
})

test('a field that is not there is a mistake of ours', () => {
  expect(() => rule('number', 'few', 'more')).toThrow('there is no field more')
})
