import { describe, expect, it } from 'vitest'
import { linearRegexp, linearRegexpProblem } from './linear-regexp.ts'

describe('linearRegexpProblem', () => {
  it.each([
    '',
    '.*',
    '^b$',
    'a|b',
    '(INFO.*)|(WARNING.*)',
    '^(a+)+$',
    '(a*)*b',
    '\\d{4}-\\d\\d?',
    '[0-9a-f]{16}[0-9a-f]{16}',
    '(?<name>a)',
    '(?:a|b)+?',
    '(?s-i:a.b)',
    '\\bword\\b',
    '[\\]\\-(?=)]',
    '\\.\\*\\/\\"',
  ])('accepts %j', (pattern) => {
    expect(linearRegexpProblem(pattern)).toBeUndefined()
  })

  it.each([
    ['(a)\\1', 'a backreference'],
    ['(?<n>a)\\k<n>', 'a backreference'],
    ['(?=a)b', 'a lookahead'],
    ['a(?!b)', 'a lookahead'],
    ['(?<=(a))b', 'a lookbehind'],
    ['(?i:abc)', 'ignoring case'],
    ['[0-9a-f]{32}', 'a repetition of more than 16 times'],
    ['((a{4}){5})', 'a repetition of more than 16 times'],
    ['[(?=]+a{17,}', 'a repetition of more than 16 times'],
    ['\\(?=x{40}', 'a repetition of more than 16 times'],
  ])('refuses %j and names %s', (pattern, construct) => {
    expect(linearRegexpProblem(pattern)).toContain(
      `cannot run in linear time because of ${construct}`,
    )
  })

  it.each([
    ['(', 'Unterminated group'],
    ['a**', 'Nothing to repeat'],
    ['(?i)abc', 'Invalid group'],
    ['[b-a]', 'Range out of order in character class'],
  ])('refuses %j as not valid', (pattern, reason) => {
    expect(linearRegexpProblem(pattern)).toBe(
      `the regular expression "${pattern}" is not valid: ${reason}`,
    )
  })

  it.each([
    ['\\p{L}+', '\\p'],
    ['\\Aabc\\Z', '\\A'],
    ['[\\h]', '\\h'],
    ['\\u{61}', '\\u{…}'],
  ])('refuses %j, which JavaScript would silently read as letters', (pattern, escape) => {
    expect(linearRegexpProblem(pattern)).toContain(`uses ${escape}, which JavaScript reads`)
  })

  it('quotes a long pattern by its start', () => {
    expect(linearRegexpProblem(`${'x'.repeat(200)}(?=a)`)).toContain(`"${'x'.repeat(77)}…"`)
  })
})

describe('linearRegexp', () => {
  it('ends on a pattern that backtracking alone would run for years', () => {
    expect(linearRegexp('^(a+)+$').test(`${'a'.repeat(5000)}!`)).toBe(false)
    expect(linearRegexp('^(a+)+$').test('a'.repeat(5000))).toBe(true)
    expect(linearRegexp('^(\\w+\\s?)*$').test(`${'word '.repeat(500)}!`)).toBe(false)
  })

  it('keeps the meaning after the fallback', () => {
    const expression = linearRegexp('^(?:a|aa)+(b|c)$')
    expect(expression.test(`${'a'.repeat(200)}c`)).toBe(true)
    expect(expression.test(`${'a'.repeat(200)}d`)).toBe(false)
  })

  it('throws what validation would have reported', () => {
    expect(() => linearRegexp('(a)\\1')).toThrow(RangeError)
  })
})
