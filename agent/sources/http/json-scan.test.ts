import { describe, expect, it } from 'vitest'
import { afterSpace, endOfNumber, endOfString, isNumberAt } from './json-scan.ts'

describe('endOfString', () => {
  it.each([
    ['"a"b', 2],
    ['"a\\"b"', 5],
    ['"a\\\\"b"', 4],
    ['"a\\\\\\"b"', 7],
    ['""', 1],
    ['"a', 2],
    ['"a\\"', 4],
  ])('of %s is at %i', (text, end) => {
    expect(endOfString(text, 0)).toBe(end)
  })
})

describe('endOfNumber', () => {
  it.each([
    ['0', 1],
    ['-12.5e+10,', 9],
    ['1E400}', 5],
    ['e5', 0],
    ['true', 0],
    ['', 0],
  ])('of %s is at %i', (text, end) => {
    expect(endOfNumber(text, 0)).toBe(end)
    expect(isNumberAt(text, 0)).toBe(end > 0)
  })
})

it('passes over white space, to the end if need be', () => {
  expect(afterSpace('a \t\r\n b', 1)).toBe(6)
  expect(afterSpace('a', 1)).toBe(1)
  expect(afterSpace('a  ', 1)).toBe(3)
})
