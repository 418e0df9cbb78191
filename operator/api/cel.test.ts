import { describe, expect, it, test } from 'vitest'
import { boundsRules, field, given, literal, text } from './cel.ts'

test('fields with names that CEL keeps for itself are escaped', () => {
  expect(field('logger')).toBe('self.logger')
  expect(field('null')).toBe('self.__null__')
  expect(field('in', 'oldSelf')).toBe('oldSelf.__in__')
})

test('texts are quoted', () => {
  expect(text(String.raw`it's \d`)).toBe(String.raw`'it\'s \\d'`)
})

test('a field that is not given has its default', () => {
  expect(given('self.a', 'self.a', '5')).toBe('(has(self.a) ? self.a : 5)')
})

test.each([
  ['16Mi', true, '16777216.0'],
  [4096, true, '4096.0'],
  ['10ms', false, '0.01'],
  ['5m', false, '300.0'],
  ['7d', false, '604800.0'],
  ['0', false, '0.0'],
] as const)('%s is %s: %s', (written, isBytes, expected) => {
  expect(literal(written, isBytes)).toBe(expected)
})

test('a thousandth of a byte is no size', () => {
  expect(() => literal('5m', true)).toThrow('5m is no size')
})

describe('boundsRules', () => {
  it('says what the agent says', () => {
    const [rule, ...more] = boundsRules('size', { min: '1Ki', max: '1Gi' })
    expect(more).toEqual([])
    expect(rule!.message).toBe('expected at least 1Ki and at most 1Gi')
    expect(rule!.rule).toMatch(/^!\(type\(self\) == int \|\| isQuantity\(self\)\) \|\| /)
    expect(rule!.rule).toContain('>= 1024.0 && ')
    expect(rule!.rule).toMatch(/<= 1073741824\.0$/)
  })

  it('leaves a bound of zero to the form', () => {
    expect(boundsRules('duration', { min: '0' })).toEqual([])
    expect(boundsRules('duration', { min: '0', max: '5m' })[0]!.rule).not.toContain('>=')
    expect(boundsRules('size', {})).toEqual([])
  })
})
