import { describe, expect, it, test } from 'vitest'
import { boundsRules, field, formRule, given, isForm, literal, text } from './cel.ts'

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
    expect(rule!.rule).toMatch(/^!\(type\(self\) == int \? self >= 0 : self\.matches\(.*\)\) \|\| /)
    expect(rule!.rule).toContain('>= 1024.0 && ')
    expect(rule!.rule).toMatch(/<= 1073741824\.0$/)
  })

  it('leaves a bound of zero to the form', () => {
    expect(boundsRules('duration', { min: '0' })).toEqual([])
    expect(boundsRules('duration', { min: '0', max: '5m' })[0]!.rule).not.toContain('>=')
    expect(boundsRules('size', {})).toEqual([])
  })
})

test('a form is a rule whose message says what is expected', () => {
  expect(formRule('duration')).toEqual({
    rule: "self.matches('^[0-9]+(\\\\.[0-9]+)?(ms|s|m|h|d)$')",
    message: 'expected a duration such as 500ms, 30s, 5m or 1h',
    messageExpression: "'expected a duration such as 500ms, 30s, 5m or 1h, got ' + self",
  })
  expect(formRule('quantity').rule).toMatch(/^\(type\(self\) == int \? self >= 0 : self\.matches/)
  expect(isForm('size')).toBe(true)
  for (const title of [undefined, 'mapping', 'toString']) expect(isForm(title)).toBe(false)
})
