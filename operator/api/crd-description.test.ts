import { expect, test } from 'vitest'
import { SENTENCE_MAX, crdDescription } from './crd-description.ts'

test('the first sentence stands alone', () => {
  expect(crdDescription('Port to listen at. 0 takes a free one.', {})).toBe('Port to listen at.')
  expect(crdDescription('Files such as a.log are read', {})).toBe('Files such as a.log are read')
})

test.each([
  [{ default: 100, min: '1', max: '10000' }, 'A. (default 100, 1–10000)'],
  [{ form: 'size', default: '64Mi', min: '16' }, 'A. (size, default 64Mi, at least 16)'],
  [{ max: '7d' }, 'A. (at most 7d)'],
  [{ default: false }, 'A. (default false)'],
  [{ default: ['a', 'b'] }, 'A. (default a b)'],
  [{ default: [] }, 'A.'],
  [{ default: {} }, 'A.'],
  [{ default: '' }, 'A.'],
  [{ default: { size: '1Gi' } }, 'A. (default {"size":"1Gi"})'],
])('%j is said behind it', (facts, expected) => {
  expect(crdDescription('A.', facts)).toBe(expected)
})

test('a long sentence ends at its last colon or semicolon, else at its last comma', () => {
  const long = 'x'.repeat(SENTENCE_MAX)
  const first = 'What becomes of an event, or of two'
  expect(crdDescription(`${first}: ${long}.`, {})).toBe(`${first}.`)
  expect(crdDescription(`${first} ${long}.`, {})).toBe('What becomes of an event.')
})

test('a long sentence without parts is refused', () => {
  expect(() => crdDescription('word '.repeat(30), {})).toThrow('longer than 100 characters')
})
