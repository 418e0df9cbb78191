import { expect, test } from 'vitest'
import { RESOURCES } from './resources.ts'
import { apiVersionOf, keyOf, nameOf } from './types.ts'

test('the core group has no name in apiVersion', () => {
  expect(apiVersionOf(RESOURCES.pods)).toBe('v1')
  expect(apiVersionOf(RESOURCES.statefulSets)).toBe('apps/v1')
})

test('a key says namespace and name, both ways', () => {
  for (const name of [{ namespace: 'logs', name: 'hub-0' }, { name: 'node-1' }])
    expect(nameOf(keyOf(name))).toEqual(name)
})
