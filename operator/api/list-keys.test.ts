import { expect, test } from 'vitest'
import { isPlainObject, itemKeys } from './list-keys.ts'

test('items of keyed lists have an identity', () => {
  expect(itemKeys('containers', [{ name: 'a' }, { name: 'b' }])).toEqual(['["a"]', '["b"]'])
  expect(itemKeys('ports', [{ containerPort: 1 }])).toEqual(
    itemKeys('ports', [{ containerPort: 1, protocol: 'TCP' }]),
  )
})

test('a list of another name, and one with an item that lacks its key, is a value as a whole', () => {
  expect(itemKeys('args', ['a'])).toBeUndefined()
  expect(itemKeys('constructor', [])).toBeUndefined()
  expect(itemKeys('env', [{ name: 'a' }, { value: 'b' }])).toBeUndefined()
  expect(itemKeys('env', ['a'])).toBeUndefined()
})

test('only maps are plain objects', () => {
  expect([{}, [], null, 'a', 1].map(isPlainObject)).toEqual([true, false, false, false, false])
})
