import { expect, test } from 'vitest'
import { flow, pod } from '../../test/operator/objects.ts'
import { poolKey, poolOf, poolOfObject, targetsOf } from './pool-key.ts'

test('a flow runs in the pool that it names, else in one of its own name', () => {
  expect(poolOf(flow('web', { agentRef: { name: 'hub' } }))).toBe('hub')
  expect(poolOf(flow('web'))).toBe('web')
  expect(poolKey('logs', 'hub')).toBe('logs/hub')
})

test('the pools that sinks name, each once, whatever else stands there', () => {
  const sinks = [
    { name: 'a', agent: { name: 'far' } },
    { name: 'b', agent: { name: 'far' } },
    { name: 'c', agent: null },
    { name: 'd', agent: {} },
    { name: 'e', file: {} },
  ]
  expect(targetsOf(flow('web', { sinks }))).toEqual(['far'])
  expect(targetsOf(flow('web', { sinks: undefined }))).toEqual([])
})

test('an object says which pool it was made for', () => {
  expect(poolOfObject(pod('hub', 0))).toBe('hub')
  expect(poolOfObject({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } })).toBeUndefined()
})
