import { expect, test } from 'vitest'
import { REASON_LENGTH_MAX, shortReason } from './dead-letter.ts'

test.each([
  ['a reason', 'a reason'],
  ['  two\r\nlines\u2028and\u0000more ', 'two lines and more'],
  ['x'.repeat(REASON_LENGTH_MAX), 'x'.repeat(REASON_LENGTH_MAX)],
  ['x'.repeat(REASON_LENGTH_MAX + 1), `${'x'.repeat(REASON_LENGTH_MAX - 1)}…`],
  [`${'\n'.repeat(5_000_000)}x`, ''],
])('%.20j', (text, short) => {
  expect(shortReason(text)).toBe(short)
})
