import { describe, expect, it } from 'vitest'
import { cure, editDistance, listed, nearest } from './suggest.ts'

describe('nearest', () => {
  it.each([
    ['fiel', 'file'],
    ['regex_filter', 'regexFilter'],
    ['RegexFilter', 'regexFilter'],
    ['chanel', 'channel'],
    ['channels', 'channel'],
    ['xyz', undefined],
    ['', undefined],
    ['f', undefined],
    ['x'.repeat(10_000), undefined],
  ])('%s means %s', (name, expected) => {
    expect(nearest(name, ['null', 'file', 'regexFilter', 'channel'])).toBe(expected)
  })

  it('takes the nearest of several, the first of equals', () => {
    expect(nearest('dist', ['disc', 'disk', 'list'])).toBe('disc')
    expect(nearest('disk2', ['disk1', 'disk2x', 'disk'])).toBe('disk1')
  })
})

describe('editDistance', () => {
  it('counts a swap of neighbours as one step', () => {
    expect(editDistance('fiel', 'file')).toBe(1)
    expect(editDistance('abc', '')).toBe(3)
    expect(editDistance('kitten', 'sitting')).toBe(3)
  })
})

describe('cure', () => {
  it('suggests, else lists, else says nothing', () => {
    expect(cure('dsk', ['disk'], 'channels')).toBe(' Did you mean "disk"?')
    expect(cure('other', ['disk', 'fast'], 'channels')).toBe(' Known channels: disk, fast.')
    expect(cure('other', [], 'channels')).toBe('')
  })

  it('cuts long lists', () => {
    expect(listed(Array.from({ length: 20 }, (_, i) => `c${i}`))).toMatch(/c15 and 4 more$/)
  })
})
