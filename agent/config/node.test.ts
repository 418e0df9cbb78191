import { describe, expect, it } from 'vitest'
import { fromValue, keyLineOf, lineOf, nodeAt, toValue } from './node.ts'
import { parseYaml } from './yaml.ts'

describe('lineOf', () => {
  it('gives what is missing the line of what it is missing from', () => {
    const [root] = parseYaml('a:\n  b: 1\n').documents
    expect(lineOf(root!, ['a', 'c', 'd'])).toBe(1)
    expect(lineOf(root!, ['a', 'b', 'c'])).toBe(2)
    expect(nodeAt(root!, ['a', 'c'])).toBeUndefined()
  })

  it('gives a scalar its own line and anything larger the line of its key', () => {
    const [root] = parseYaml('a:\n  text\nb:\n  - x\n  - { c: 1 }\n').documents
    expect(lineOf(root!, ['a'])).toBe(2)
    expect(keyLineOf(root!, ['a'])).toBe(1)
    expect(lineOf(root!, ['b'])).toBe(3)
    expect(lineOf(root!, ['b', 1])).toBe(5)
    expect(keyLineOf(root!, ['b', 1])).toBe(5)
    expect(lineOf(root!, [])).toBe(1)
  })
})

describe('toValue', () => {
  it('gives plain data', () => {
    const [root] = parseYaml('a: [1, { b: null }]\n').documents
    expect(toValue(root!)).toEqual({ a: [1, { b: null }] })
  })
})

describe('fromValue', () => {
  it('gives the node that plain data would be parsed to, without lines', () => {
    const value = { a: [1, 'x', true, null, { b: {} }], c: 'd' }
    expect(toValue(fromValue(value))).toEqual(value)
    expect(lineOf(fromValue(value), ['a', 4, 'b'])).toBe(0)
    expect(toValue(fromValue({ a: undefined, b: 1n }))).toEqual({ b: null })
  })
})
