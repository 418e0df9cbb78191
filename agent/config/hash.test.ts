import { describe, expect, it } from 'vitest'
import { stableHash } from './hash.ts'

describe('stableHash', () => {
  it('does not depend on the order of keys, and keys without a value count as absent', () => {
    expect(stableHash({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(
      stableHash({ b: [{ d: 3, c: 2 }], a: 1 }),
    )
    expect(stableHash({ a: 1, b: undefined })).toBe(stableHash({ a: 1 }))
  })

  it('differs for values that JSON would not tell apart, and for orders in lists', () => {
    const values = [0, null, '', false, Infinity, '0', [], {}, [1, 2], [2, 1], { a: 1 }, [{ a: 1 }]]
    expect(new Set(values.map(stableHash)).size).toBe(values.length)
  })

  it('is the same for ever: channels keep it beside their positions', () => {
    expect(stableHash({ a: [1, 'x', null, true] })).toMatchInlineSnapshot(`"aa93e2cb2b6b6a4e"`)
  })

  it('refuses what is no plain data: a change in it would be invisible', () => {
    for (const value of [/x/, new Map(), () => 1, undefined])
      expect(() => stableHash({ value: [value] })).toThrow('plain data')
  })
})
