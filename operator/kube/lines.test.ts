import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Lines } from './lines.ts'

test('lines are the same however the bytes are cut into chunks, characters of several bytes too', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ minLength: 1, unit: 'grapheme' }).filter((line) => !line.includes('\n')),
      ),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      (wanted, cuts) => {
        const bytes = Buffer.from(wanted.map((line) => `${line}\n`).join(''))
        const lines = new Lines(1000)
        const found: string[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = at + cuts[i % cuts.length]!
          found.push(...lines.push(bytes.subarray(at, end)))
          at = end
        }
        expect(found).toEqual(wanted)
        expect(lines.pendingBytes).toBe(0)
      },
    ),
  )
})

test('what follows the last line end waits, empty lines are none', () => {
  const lines = new Lines(100)
  expect([...lines.push(Buffer.from('one\n\n\ntw'))]).toEqual(['one'])
  expect(lines.pendingBytes).toBe(2)
  expect([...lines.push(Buffer.from('o\n'))]).toEqual(['two'])
})

test('a line without an end takes no memory without a bound', () => {
  const lines = new Lines(10)
  const push = (text: string): string[] => [...lines.push(Buffer.from(text))]
  expect(push('0123456789\n01234')).toEqual(['0123456789'])
  expect(() => push('567890')).toThrow('a line is longer than 10 bytes')
})
