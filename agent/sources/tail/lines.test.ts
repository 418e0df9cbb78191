import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutPoint, LineCutter, pieceEnds, stripLineEnds, withoutReturn } from './lines.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

test('ends include the line feed; what follows the last one is left', () => {
  const cut = new LineCutter(100).cut(bytes('aaa\n\nbb\nrest'))
  expect([...cut.ends]).toEqual([4, 5, 8])
  expect(cut).toMatchObject({ count: 3, bytes: 8, carriageReturns: false, next: 'partial' })
})

test('the scan stops before a line above the maximum, a carriage return not counted', () => {
  const cutter = new LineCutter(3)
  expect(cutter.cut(bytes('a\nabc\r\nabcd\nb\n'))).toMatchObject({ bytes: 7, next: 'long' })
  expect(cutter.cut(bytes('a\nab\rc\nb\n'))).toMatchObject({ bytes: 2, next: 'long' })
})

test('more lines than the table had room for, and the table of a call is not that of the next', () => {
  const cutter = new LineCutter(100)
  const many = cutter.cut(bytes('x\n'.repeat(10_000)))
  cutter.cut(bytes('yyyy\n'.repeat(10)))
  expect(many.count).toBe(10_000)
  expect(many.ends.every((end, i) => end === 2 * i + 2)).toBe(true)
})

test('stale bytes behind the valid ones are not looked at', () => {
  const buffer = bytes('one\ntwo\nstale\nstale\n')
  expect(new LineCutter(100).cut(buffer.subarray(0, 8)).count).toBe(2)
})

test('any text is cut and stripped as split() does it', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'b', '\r'), maxLength: 8 })
  fc.assert(
    fc.property(fc.array(line), line, (whole, rest) => {
      const buffer = bytes(whole.map((each) => `${each}\n`).join('') + rest)
      const cut = new LineCutter(100).cut(buffer)
      const stripped = stripLineEnds(buffer.subarray(0, cut.bytes), cut.ends)
      const found = Array.from(stripped.ends, (end, i) =>
        stripped.bodies.toString('latin1', i === 0 ? 0 : stripped.ends[i - 1], end),
      )
      expect(found).toEqual(whole.map((each) => each.replace(/\r$/, '')))
      expect(cut.carriageReturns).toBe(whole.some((each) => each.endsWith('\r')))
    }),
  )
})

test('a cut moves back to the start of a character, but not in bytes that are no text', () => {
  const text = Buffer.from('aa€a')
  expect([2, 3, 4, 5].map((max) => cutPoint(text, 0, max))).toEqual([2, 2, 2, 5])
  expect(cutPoint(Buffer.alloc(20, 0x80), 0, 10)).toBe(10)
})

test('pieces are at most the maximum and leave at most the maximum and what is spared', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 4, max: 9 }), (text, max) => {
      const line = Buffer.from(text)
      const ends = [0, ...pieceEnds(line, max, 1)]
      for (let i = 1; i < ends.length; i++) {
        expect(ends[i]! - ends[i - 1]!).toBeGreaterThan(0)
        expect(ends[i]! - ends[i - 1]!).toBeLessThanOrEqual(max)
      }
      expect(line.length - ends.at(-1)!).toBeLessThanOrEqual(max + 1)
    }),
  )
})

test('one carriage return is taken off, not two', () => {
  expect(withoutReturn(bytes('a\r\r')).toString()).toBe('a\r')
  expect(withoutReturn(bytes('')).length).toBe(0)
})
