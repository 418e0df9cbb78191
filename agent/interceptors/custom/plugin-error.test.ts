import { expect, test } from 'vitest'
import { pluginError, thrownText } from './plugin-error.ts'

test('names module, directory, cause and cure', () => {
  expect(pluginError('a.js', '/plugins', 'it is no file')).toMatchObject({
    code: 'FLM1401',
    message: 'the plugin a.js in /plugins cannot be used: it is no file',
    retryable: false,
  })
})

class Odd extends Error {
  override get message(): string {
    throw new Error('even this')
  }
}

test.each([
  [new TypeError('x is not a function'), 'x is not a function'],
  [new RangeError(), 'RangeError'],
  ['a text', 'a text'],
  ['', 'it threw an empty text'],
  [undefined, 'undefined'],
  [new Error('x'.repeat(9999)), `${'x'.repeat(499)}…`],
  [Object.create(null), 'it threw what cannot be shown'],
  [new Odd(), 'it threw what cannot be shown'],
])('%#: whatever is thrown has a text', (thrown, text) => {
  expect(thrownText(thrown)).toBe(text)
})
